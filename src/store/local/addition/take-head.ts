import { Buffer } from "node:buffer";
import type { ByteSource } from "#base/byte-reader.ts";
import { asBuffer } from "#base/text.ts";

/** How a source begins: all of it, or the first chunks and a source of everything, those included. */
export type Head =
  | { readonly head: Buffer; readonly rest: undefined }
  | { readonly head: undefined; readonly rest: ByteSource };

/** Reads a source to its end when it has no more than `bytesMax`. Chunks must stay as they are. */
export async function takeHead(source: ByteSource, bytesMax: number): Promise<Head> {
  const chunks = source[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  for (let length = 0; length <= bytesMax; ) {
    const next = await chunks.next();
    if (next.done)
      return { head: taken.length === 1 ? asBuffer(taken[0]!) : Buffer.concat(taken), rest: undefined };
    taken.push(next.value);
    length += next.value.length;
  }
  return { head: undefined, rest: rejoined(taken, chunks) };
}

async function* rejoined(taken: readonly Uint8Array[], chunks: AsyncIterator<Uint8Array>): ByteSource {
  try {
    yield* taken;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  } finally {
    await chunks.return?.();
  }
}
