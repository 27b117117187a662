import { Buffer } from "node:buffer";
import type { ByteSource } from "#base/byte-reader.ts";
import { type Decoding, PEEK } from "#base/decoding.ts";
import { decodeNar } from "#nix/nar/decode-nar.ts";
import { BLIND_VISITOR } from "#nix/nar/visitor.ts";
import type { NarOptions } from "./store.ts";

/** A connection with a NAR next on it. */
export interface NarConnection {
  nar(narSizeBytes: number, options?: NarOptions): ByteSource;
  read<T>(decoding: Decoding<T>, doing: string): Promise<T>;
}

/** The NAR that comes next: by its size where that is known, else by its own grammar. */
export function narOf(connection: NarConnection, narSizeBytes: number, options?: NarOptions): ByteSource {
  return narSizeBytes > 0 ? connection.nar(narSizeBytes, options) : parsedNar(connection);
}

async function* parsedNar(connection: NarConnection): ByteSource {
  const parsing = new RecordedDecoding(decodeNar(BLIND_VISITOR));
  while (!parsing.isDone) yield await connection.read(parsing.some(), "sending a NAR");
}

/** Runs a decoding in portions and hands out the bytes that it took. */
class RecordedDecoding {
  readonly #decoding: Decoding<unknown>;
  #step: IteratorResult<number, unknown>;

  constructor(decoding: Decoding<unknown>) {
    this.#decoding = decoding;
    this.#step = decoding.next(NO_BYTES);
  }

  get isDone(): boolean {
    return this.#step.done === true;
  }

  *some(): Decoding<Buffer> {
    const taken: Buffer[] = [];
    let length = 0;
    while (!this.#step.done && length < PORTION_BYTES) {
      const bytes = yield this.#step.value;
      if (this.#step.value !== PEEK) {
        taken.push(Buffer.from(bytes));
        length += bytes.length;
      }
      this.#step = this.#decoding.next(bytes);
    }
    return Buffer.concat(taken, length);
  }
}

const NO_BYTES = Buffer.alloc(0);
/** Bytes that are gathered before they are handed out. */
const PORTION_BYTES = 64 * 1024;
