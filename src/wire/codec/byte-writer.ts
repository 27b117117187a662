import { Buffer } from "node:buffer";
import { ElsewhereError } from "#base/errors.ts";
import { encodeText } from "#base/text.ts";
import { paddedLength } from "./alignment.ts";
import { NUMBER_MAX } from "./limits.ts";

/** Collects the bytes of messages in few buffers. Large pieces are taken as they are, without a copy. */
export class ByteWriter {
  readonly #done: Buffer[] = [];
  #page = EMPTY;
  #start = 0;
  #end = 0;
  #length = 0;

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#length + this.#end - this.#start;
  }

  u64(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > NUMBER_MAX)
      throw new ElsewhereError("MALFORMED", `Cannot send ${value}: want an integer from 0 to 2^53-1`);
    this.#reserve(8);
    this.#putU64(this.#end, value);
    this.#end += 8;
  }

  /** All 64 bits, for the few numbers that use them. */
  bits64(value: bigint): void {
    this.#reserve(8);
    this.#page.writeBigUInt64LE(value, this.#end);
    this.#end += 8;
  }

  /** Length, bytes and zeros up to the alignment. */
  text(text: string): void {
    if (text.length > INLINE_MAX || !text.isWellFormed()) {
      this.bytes(encodeText(text));
      return;
    }
    this.#reserve(16 + text.length * 3);
    const start = this.#end + 8;
    const size = this.#page.write(text, start);
    this.#putU64(this.#end, size);
    this.#end = start + paddedLength(size);
    this.#page.fill(0, start + size, this.#end);
  }

  /** As `text`, of bytes. */
  bytes(bytes: Uint8Array): void {
    this.u64(bytes.length);
    this.raw(bytes);
    this.raw(ZEROS.subarray(0, paddedLength(bytes.length) - bytes.length));
  }

  /** Bytes alone: no length, no padding. The caller must not change them afterwards. */
  raw(bytes: Uint8Array): void {
    if (bytes.length > INLINE_MAX) {
      this.#close();
      this.#done.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      this.#length += bytes.length;
      return;
    }
    this.#reserve(bytes.length);
    this.#page.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** What was written, in order; the writer is empty afterwards. */
  takeChunks(): Buffer[] {
    this.#close();
    this.#length = 0;
    return this.#done.splice(0);
  }

  /** What was written, in one piece; the writer is empty afterwards. */
  take(): Buffer {
    const chunks = this.takeChunks();
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  #reserve(count: number): void {
    if (this.#page.length - this.#end >= count) return;
    const size = Math.min(Math.max(PAGE_BYTES_MIN, this.#page.length * 2), PAGE_BYTES_MAX);
    this.#close();
    this.#page = Buffer.allocUnsafe(Math.max(size, count));
    this.#start = this.#end = 0;
  }

  #close(): void {
    if (this.#end === this.#start) return;
    this.#done.push(this.#page.subarray(this.#start, this.#end));
    this.#length += this.#end - this.#start;
    this.#start = this.#end;
  }

  #putU64(at: number, value: number): void {
    this.#page.writeUInt32LE(value >>> 0, at);
    this.#page.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
  }
}

const EMPTY = Buffer.alloc(0);
const ZEROS = Buffer.alloc(8);
/** Pieces up to this size are copied into a page; in bytes, or in UTF-16 units of a text. */
const INLINE_MAX = 4096;
const PAGE_BYTES_MIN = 1024;
const PAGE_BYTES_MAX = 64 * 1024;
