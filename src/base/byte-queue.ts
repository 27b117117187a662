import { Buffer } from "node:buffer";
import { asBuffer } from "./text.ts";

/** Chunks waiting to be read, taken out in pieces of any size. A piece inside one chunk is not copied. */
export class ByteQueue {
  readonly #chunks: Buffer[] = [];
  #head = 0;
  #offset = 0;
  #length = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(asBuffer(chunk));
    this.#length += chunk.length;
  }

  /** Exactly `count` bytes; only call it when `length` is at least that. */
  take(count: number): Buffer {
    const first = this.#chunks[this.#head];
    if (first && first.length - this.#offset >= count) return this.#slice(first, count);
    const pieces: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const piece = this.takeSome(left);
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces, count);
  }

  /** At most `count` bytes, all from the first chunk; empty only when nothing waits. */
  takeSome(count: number): Buffer {
    const first = this.#chunks[this.#head];
    if (!first) return EMPTY;
    return this.#slice(first, Math.min(count, first.length - this.#offset));
  }

  /** What is left of the first chunk, which stays in the queue; empty only when nothing waits. */
  peek(): Buffer {
    return this.#chunks[this.#head]?.subarray(this.#offset) ?? EMPTY;
  }

  #slice(chunk: Buffer, count: number): Buffer {
    const piece = chunk.subarray(this.#offset, this.#offset + count);
    this.#offset += count;
    this.#length -= count;
    if (this.#offset === chunk.length) this.#dropFirst();
    return piece;
  }

  #dropFirst(): void {
    this.#chunks[this.#head] = EMPTY;
    this.#head++;
    this.#offset = 0;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head > COMPACT_AFTER_CHUNKS) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

const EMPTY = Buffer.alloc(0);
const COMPACT_AFTER_CHUNKS = 1024;
