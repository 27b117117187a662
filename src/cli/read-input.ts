import { Buffer } from "node:buffer";
import type { ByteSource } from "#base/byte-reader.ts";
import { LimitError } from "#base/errors.ts";
import { readGivenFile } from "#build/input/given-file.ts";

/** A file's contents, or standard input's for `-`. */
export async function readInput(file: string): Promise<Buffer> {
  return file === "-" ? await readAll(process.stdin) : readGivenFile(file);
}

/** All of a stream, up to a limit. */
export async function readAll(source: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > INPUT_BYTES_MAX) throw new LimitError("standard input (bytes)", size, INPUT_BYTES_MAX);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Above the JSON of any graph of derivations that Node can hold as one text. */
const INPUT_BYTES_MAX = 512 * 1024 * 1024;
