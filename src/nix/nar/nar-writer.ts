import { Buffer } from "node:buffer";
import { ElsewhereError } from "#base/errors.ts";
import { asBuffer, encodeText } from "#base/text.ts";
import { EntryOrder } from "./entry-order.ts";
import {
  LENGTH_BYTES,
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
import type { NarFile, NarVisitor } from "./visitor.ts";

/** Writes what it is told of as a NAR, in chunks to `emit`. Refuses a tree that no NAR can hold. */
export class NarWriter implements NarVisitor {
  readonly #order = new EntryOrder();
  readonly #emit: (chunk: Buffer) => void;
  readonly #chunkBytes: number;
  readonly #spare: Buffer[] = [];
  #chunk: Buffer;
  #filled = 0;
  #fileSize = 0;
  #fileLeft = 0;

  constructor(emit: (chunk: Buffer) => void, chunkBytes = CHUNK_BYTES) {
    this.#emit = emit;
    this.#chunkBytes = chunkBytes;
    this.#chunk = Buffer.allocUnsafe(chunkBytes);
  }

  enterDirectory(name: string): void {
    this.#begin(name);
    this.#put(TOKEN_DIRECTORY);
    this.#order.enter();
  }

  leaveDirectory(): void {
    this.#order.leave();
    this.#closeObject();
  }

  beginFile(name: string, { executable, size }: NarFile): void {
    this.#begin(name);
    this.#put(TOKEN_REGULAR);
    this.#put(executable ? TOKEN_EXECUTABLE_CONTENTS : TOKEN_CONTENTS);
    this.#putLength(size);
    this.#fileSize = size;
    this.#fileLeft = size;
  }

  contents(chunk: Uint8Array): void {
    this.#takeContents(chunk.length);
    this.#put(asBuffer(chunk));
  }

  /** Room for contents to be read into, never empty; tell `filled` how much of it was used. */
  room(): Buffer {
    if (this.#filled === this.#chunk.length) this.flush();
    return this.#chunk.subarray(this.#filled, Math.min(this.#chunk.length, this.#filled + this.#fileLeft));
  }

  filled(count: number): void {
    this.#takeContents(count);
    this.#filled += count;
  }

  /** Contents bytes of the open file that are still to come. */
  get contentsLeft(): number {
    return this.#fileLeft;
  }

  endFile(): void {
    if (this.#fileLeft !== 0) throw wrongSize(this.#fileSize, this.#fileSize - this.#fileLeft);
    this.#putZeros(paddingOf(this.#fileSize));
    this.#closeObject();
  }

  symlink(name: string, target: string): void {
    this.#begin(name);
    this.#put(TOKEN_SYMLINK);
    this.#put(TOKEN_TARGET);
    this.#putString(target);
    this.#closeObject();
  }

  /** Emits what is held back. Call it at the end. */
  flush(): void {
    if (this.#filled === 0) return;
    this.#emit(this.#chunk.subarray(0, this.#filled));
    this.#chunk = this.#spare.pop() ?? Buffer.allocUnsafe(this.#chunkBytes);
    this.#filled = 0;
  }

  /** Gives back an emitted chunk that nobody looks at any more, to be filled anew. */
  recycle(chunk: Buffer): void {
    if (chunk.length === this.#chunkBytes) this.#spare.push(chunk);
  }

  #begin(name: string): void {
    if (this.#order.depth === 0) {
      this.#put(TOKEN_HEAD);
      return;
    }
    this.#order.next(name);
    this.#put(TOKEN_ENTRY);
    this.#put(TOKEN_NAME);
    this.#putString(name);
    this.#put(TOKEN_NODE);
  }

  #closeObject(): void {
    this.#put(this.#order.depth > 0 ? TOKEN_CLOSE_ENTRY : TOKEN_CLOSE);
  }

  #takeContents(count: number): void {
    if (count > this.#fileLeft) throw wrongSize(this.#fileSize, this.#fileSize - this.#fileLeft + count);
    this.#fileLeft -= count;
  }

  #putString(text: string): void {
    const bytes = encodeText(text);
    this.#putLength(bytes.length);
    this.#put(bytes);
    this.#putZeros(paddingOf(bytes.length));
  }

  #putLength(size: number): void {
    const bytes = Buffer.allocUnsafe(LENGTH_BYTES);
    bytes.writeUInt32LE(size % 2 ** 32);
    bytes.writeUInt32LE(Math.floor(size / 2 ** 32), 4);
    this.#put(bytes);
  }

  #putZeros(count: number): void {
    this.#put(ZEROS.subarray(0, count));
  }

  #put(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.#filled === this.#chunk.length) this.flush();
      const count = Math.min(bytes.length - from, this.#chunk.length - this.#filled);
      bytes.copy(this.#chunk, this.#filled, from, from + count);
      this.#filled += count;
      from += count;
    }
  }
}

function wrongSize(expected: number, found: number): ElsewhereError {
  return new ElsewhereError(
    "NAR_FILE_SIZE",
    `Cannot write a NAR: a file of ${expected} bytes was given ${found}`,
  );
}

const ZEROS = Buffer.alloc(8);
/** Bytes of a chunk, where nobody says otherwise. */
const CHUNK_BYTES = 256 * 1024;
