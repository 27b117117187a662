import { Buffer } from "node:buffer";
import { fstatSync, read, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import type { ByteSource } from "#base/byte-reader.ts";

/**
 * What an open file or pipe has to say, to its end, for a `ByteReader` that decodes a NAR. Buffers are used
 * again two chunks later, which is safe as no NAR token is longer than the least chunk that allows it.
 */
export async function* fdSource(fd: number): ByteSource & AsyncGenerator<Buffer> {
  const isFile = fstatSync(fd).isFile();
  let [current, previous] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  for (let turn = BYTES_PER_TURN; ; ) {
    const count = isFile ? readSync(fd, current) : await readSome(fd, current);
    if (count === 0) return;
    yield current.subarray(0, count);
    [current, previous] =
      count >= REUSE_BYTES_MIN ? [previous, current] : [Buffer.allocUnsafe(CHUNK_BYTES), current];
    turn -= count;
    if (turn > 0) continue;
    turn = BYTES_PER_TURN;
    await setImmediate();
  }
}

async function readSome(fd: number, buffer: Buffer): Promise<number> {
  return (await readAsync(fd, buffer, 0, buffer.length, null)).bytesRead;
}

const readAsync = promisify(read);
const CHUNK_BYTES = 256 * 1024;
/** Longer than anything that a NAR decoder asks for in one piece. */
const REUSE_BYTES_MIN = 16 * 1024;
const BYTES_PER_TURN = 8 * 1024 * 1024;
