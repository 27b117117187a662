import type { Buffer } from "node:buffer";

/** Thrown by `Cursor` when the bytes at hand end too early. Not an error: the decoder then waits for more. */
export const SHORT = Symbol("short of bytes");

/** A place in bytes that are at hand. */
export class Cursor {
  readonly bytes: Buffer;
  offset = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Steps over `count` bytes and returns where they begin; throws `SHORT` when there are fewer. */
  advance(count: number): number {
    const start = this.offset;
    if (this.bytes.length - start < count) throw SHORT;
    this.offset = start + count;
    return start;
  }
}
