import type { Decoding } from "#base/decoding.ts";
import { LimitError, MalformedError } from "#base/errors.ts";
import { asBuffer, decodeText } from "#base/text.ts";
import { EntryOrder } from "./entry-order.ts";
import {
  LENGTH_BYTES,
  NAR_NAME_BYTES_MAX,
  NAR_TARGET_BYTES_MAX,
  paddingOf,
  TOKEN_CLOSE,
  TOKEN_CLOSE_ENTRY,
  TOKEN_CONTENTS,
  TOKEN_DIRECTORY,
  TOKEN_ENTRY,
  TOKEN_EXECUTABLE_CONTENTS,
  TOKEN_HEAD,
  TOKEN_NAME,
  TOKEN_NODE,
  TOKEN_REGULAR,
  TOKEN_SYMLINK,
  TOKEN_TARGET,
} from "./grammar.ts";
import type { NarVisitor } from "./visitor.ts";

/**
 * Decodes one NAR, telling `visitor` what it holds, and returns its size in bytes. Takes exactly the
 * NAR's bytes. Strict: what it accepts is what Nix would write for the same tree, byte for byte.
 */
export function* decodeNar(visitor: NarVisitor): Decoding<number> {
  const walk: Walk = { visitor, order: new EntryOrder(), position: 0 };
  const head = yield ask(walk, TOKEN_HEAD.length + KIND_BYTES);
  check(head, TOKEN_HEAD);
  yield* decodeObject(walk, "", head.subarray(TOKEN_HEAD.length));
  while (walk.order.depth > 0) {
    const token = yield ask(walk, TOKEN_ENTRY.length);
    if (matches(token, TOKEN_ENTRY)) yield* decodeEntry(walk);
    else if (matches(token, TOKEN_CLOSE)) yield* closeDirectory(walk);
    else throw malformed("want an entry or the end of a directory", token);
  }
  return walk.position;
}

interface Walk {
  readonly visitor: NarVisitor;
  readonly order: EntryOrder;
  position: number;
}

function* decodeEntry(walk: Walk): Decoding<void> {
  const start = yield ask(walk, TOKEN_NAME.length + LENGTH_BYTES);
  check(start, TOKEN_NAME);
  const size = readLength(start, TOKEN_NAME.length);
  if (size > NAR_NAME_BYTES_MAX)
    throw new LimitError("a file name in a NAR, in bytes", size, NAR_NAME_BYTES_MAX);
  const nodeAt = size + paddingOf(size);
  const bytes = yield ask(walk, nodeAt + TOKEN_NODE.length + KIND_BYTES);
  checkPadding(bytes, size, nodeAt);
  const name = decodeText(bytes.subarray(0, size));
  walk.order.next(name);
  check(bytes, TOKEN_NODE, nodeAt);
  yield* decodeObject(walk, name, bytes.subarray(nodeAt + TOKEN_NODE.length));
}

/** Everything of an object after its kind; of a directory only its beginning. */
function* decodeObject(walk: Walk, name: string, kind: Uint8Array): Decoding<void> {
  if (matches(kind, TOKEN_REGULAR)) yield* decodeFile(walk, name);
  else if (matches(kind, TOKEN_SYMLINK)) yield* decodeSymlink(walk, name);
  else if (matches(kind, DIRECTORY_START)) {
    check(yield ask(walk, DIRECTORY_END.length), DIRECTORY_END);
    walk.order.enter();
    walk.visitor.enterDirectory(name);
  } else throw malformed("want the type regular, symlink or directory", kind);
}

function* decodeFile(walk: Walk, name: string): Decoding<void> {
  const token = yield ask(walk, TOKEN_CONTENTS.length + LENGTH_BYTES);
  const executable = matches(token, EXECUTABLE_START);
  if (!executable && !matches(token, TOKEN_CONTENTS)) throw malformed("want the tag 'contents'", token);
  const size = executable ? yield* decodeExecutableSize(walk) : readLength(token, TOKEN_CONTENTS.length);
  walk.visitor.beginFile(name, { executable, size, offset: walk.position });
  for (let left = size; left > 0; ) {
    const chunk = yield -Math.min(left, CHUNK_BYTES_MAX);
    left -= chunk.length;
    walk.visitor.contents(chunk);
  }
  walk.position += size;
  yield* expectLeafEnd(walk, paddingOf(size));
  walk.visitor.endFile();
}

function* decodeExecutableSize(walk: Walk): Decoding<number> {
  const bytes = yield ask(walk, EXECUTABLE_END.length + LENGTH_BYTES);
  check(bytes, EXECUTABLE_END);
  return readLength(bytes, EXECUTABLE_END.length);
}

function* decodeSymlink(walk: Walk, name: string): Decoding<void> {
  const start = yield ask(walk, TOKEN_TARGET.length + LENGTH_BYTES);
  check(start, TOKEN_TARGET);
  const size = readLength(start, TOKEN_TARGET.length);
  if (size > NAR_TARGET_BYTES_MAX)
    throw new LimitError("a symlink's target in a NAR, in bytes", size, NAR_TARGET_BYTES_MAX);
  if (size === 0) throw new MalformedError("NAR", name, "a symlink's target is empty");
  const bytes = yield ask(walk, size + paddingOf(size));
  checkPadding(bytes, size, bytes.length);
  const target = decodeText(bytes.subarray(0, size));
  if (target.includes("\0")) throw new MalformedError("NAR", target, "a symlink's target has a NUL");
  yield* expectLeafEnd(walk, 0);
  walk.visitor.symlink(name, target);
}

function* closeDirectory(walk: Walk): Decoding<void> {
  walk.order.leave();
  walk.visitor.leaveDirectory();
  if (walk.order.depth > 0) check(yield ask(walk, TOKEN_CLOSE.length), TOKEN_CLOSE);
}

/** Padding, then the end of a file or symlink and of the entry that holds it, if one does. */
function* expectLeafEnd(walk: Walk, padding: number): Decoding<void> {
  const close = walk.order.depth > 0 ? TOKEN_CLOSE_ENTRY : TOKEN_CLOSE;
  const bytes = yield ask(walk, padding + close.length);
  checkPadding(bytes, 0, padding);
  if (!matches(bytes, close, padding)) throw malformed("want the end of a file or symlink", bytes);
}

/** Throws unless `bytes` has `token` at a place. */
function check(bytes: Uint8Array, token: Uint8Array, at = 0): void {
  if (!matches(bytes, token, at)) throw malformed(`want ${quote(token)}`, bytes.subarray(at));
}

/** Counts the bytes that are asked for next. */
function ask(walk: Walk, count: number): number {
  walk.position += count;
  return count;
}

function matches(bytes: Uint8Array, token: Uint8Array, at = 0): boolean {
  for (let i = 0; i < token.length; i++) if (bytes[at + i] !== token[i]) return false;
  return true;
}

function readLength(bytes: Uint8Array, at: number): number {
  const view = asBuffer(bytes);
  const size = view.readUInt32LE(at) + view.readUInt32LE(at + 4) * 2 ** 32;
  if (size > Number.MAX_SAFE_INTEGER)
    throw new LimitError("a length in a NAR, in bytes", size, Number.MAX_SAFE_INTEGER);
  return size;
}

function checkPadding(bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++)
    if (bytes[i] !== 0) throw new MalformedError("NAR", quote(bytes), "it has non-zero padding");
}

function malformed(why: string, found: Uint8Array): MalformedError {
  return new MalformedError("NAR", quote(found), why);
}

/** The printable part of some bytes. */
function quote(bytes: Uint8Array): string {
  return asBuffer(bytes)
    .toString("latin1")
    .replace(/[^ -~]+/g, " ")
    .trim();
}

/** Bytes of the word for a file or symlink, and enough of the one for a directory. */
const KIND_BYTES = TOKEN_REGULAR.length;
const DIRECTORY_START = TOKEN_DIRECTORY.subarray(0, KIND_BYTES);
const DIRECTORY_END = TOKEN_DIRECTORY.subarray(KIND_BYTES);
/** `contents` and its length are as long as `executable` alone, so one read serves both. */
const EXECUTABLE_START = TOKEN_EXECUTABLE_CONTENTS.subarray(0, TOKEN_CONTENTS.length + LENGTH_BYTES);
const EXECUTABLE_END = TOKEN_EXECUTABLE_CONTENTS.subarray(TOKEN_CONTENTS.length + LENGTH_BYTES);
/** Most that is asked for at once of a file's contents, in bytes. */
const CHUNK_BYTES_MAX = 1024 * 1024;
