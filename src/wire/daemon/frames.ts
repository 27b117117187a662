import { Buffer } from "node:buffer";
import type { ByteReader, ByteSource } from "#base/byte-reader.ts";
import type { WireContext } from "../codec/codec.ts";
import { u64 } from "../codec/primitives.ts";

/** The length that goes before a piece of a framed stream. Pieces must not be empty: that ends the stream. */
export function frameHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(8);
  header.writeUInt32LE(length >>> 0, 0);
  header.writeUInt32LE(Math.floor(length / 2 ** 32), 4);
  return header;
}

/** What ends a framed stream. */
export const FRAMES_END: Uint8Array = Buffer.alloc(8);

/**
 * The contents of a framed stream, read once, in pieces as they come however long the frames are.
 * Before anything else is read from the connection, `drain` must have run, also after an error.
 */
export class FramedSource implements ByteSource {
  readonly #pieces: AsyncGenerator<Buffer, void, undefined>;

  constructor(reader: ByteReader, ctx: WireContext) {
    this.#pieces = pieces(reader, ctx);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#pieces.next() };
  }

  /** Reads up to the end of the stream and drops what nobody has read. */
  async drain(): Promise<void> {
    while (!(await this.#pieces.next()).done);
  }
}

async function* pieces(reader: ByteReader, ctx: WireContext): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const length = await reader.read(u64.steps(ctx));
    if (length === 0) return;
    yield* reader.chunks(length);
  }
}
