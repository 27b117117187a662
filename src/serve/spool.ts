import { Buffer } from "node:buffer";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bytes that must wait: in memory while they are few, else in a file that has no name. */
export class Spool implements Disposable {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #file: number | undefined;

  write(chunk: Uint8Array): void {
    this.#size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#file === undefined && this.#size <= MEMORY_BYTES_MAX) return;
    this.#file ??= openNameless();
    for (const held of this.#chunks.splice(0)) writeAll(this.#file, held);
  }

  /** All that was written, from the beginning. */
  async *read(): AsyncGenerator<Uint8Array> {
    if (this.#file === undefined) {
      yield* this.#chunks;
      return;
    }
    for (let at = 0; at < this.#size; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, this.#size - at));
      const got = readSync(this.#file, piece, { position: at });
      at += got;
      yield piece.subarray(0, got);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#chunks = [];
  }
}

function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-spool-"));
  try {
    return openSync(join(folder, "contents"), "wx+", 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

const MEMORY_BYTES_MAX = 8 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
