import { Buffer } from "node:buffer";

/*
 * The grammar of a NAR, every word being a wire string (length, bytes, zero padding to eight):
 *
 *   nar       = "nix-archive-1" object
 *   object    = "(" "type" kind ")"
 *   kind      = "regular" [ "executable" "" ] "contents" bytes
 *             | "symlink" "target" bytes
 *             | "directory" { "entry" "(" "name" bytes "node" object ")" }
 *
 * Between two variable parts the words are fixed, so they are fused here into single tokens.
 * Source: Nix manual, "Nix Archive (NAR) format".
 */

/** Bytes of a length on the wire. */
export const LENGTH_BYTES = 8;
const ALIGNMENT = 8;

/** Everything before the kind of the root. */
export const TOKEN_HEAD = words("nix-archive-1", "(", "type");
/** From an entry's start to the length of its name, after the word `entry`. */
export const TOKEN_NAME = words("(", "name");
/** From an entry's name to the kind of its object. */
export const TOKEN_NODE = words("node", "(", "type");
export const TOKEN_ENTRY = words("entry");
export const TOKEN_CLOSE = words(")");
/** The end of a file or symlink and of the entry that holds it. */
export const TOKEN_CLOSE_ENTRY = words(")", ")");

export const TOKEN_REGULAR = words("regular");
export const TOKEN_SYMLINK = words("symlink");
export const TOKEN_DIRECTORY = words("directory");
export const TOKEN_CONTENTS = words("contents");
/** The flag with its empty value, up to the word `contents` inclusive. */
export const TOKEN_EXECUTABLE_CONTENTS = words("executable", "", "contents");
export const TOKEN_TARGET = words("target");

/** Longest file name in a NAR, in bytes: what every file system can hold. */
export const NAR_NAME_BYTES_MAX = 255;
/** Longest symlink target in a NAR, in bytes: the PATH_MAX of Linux without its NUL. */
export const NAR_TARGET_BYTES_MAX = 4095;
/** Most directories within each other: deeper ones could not be named within PATH_MAX. */
export const NAR_DEPTH_MAX = 2048;

/** Zero bytes that follow a string or file of `size` bytes. */
export function paddingOf(size: number): number {
  return (ALIGNMENT - (size % ALIGNMENT)) % ALIGNMENT;
}

/** Words as the wire has them, one after the other. */
export function words(...texts: readonly string[]): Buffer {
  return Buffer.concat(texts.map(word));
}

function word(text: string): Buffer {
  const bytes = Buffer.from(text);
  const encoded = Buffer.alloc(LENGTH_BYTES + bytes.length + paddingOf(bytes.length));
  encoded.writeUInt32LE(bytes.length);
  bytes.copy(encoded, LENGTH_BYTES);
  return encoded;
}
