import { Buffer } from "node:buffer";
import { asBuffer } from "#base/text.ts";
import { NIX32_ALPHABET } from "./nix32.ts";
import { HASH_PART_LENGTH } from "./store-path.ts";

/** Called with a hash part and where it begins in the stream, in bytes. */
export type FoundHashPart = (hashPart: string, offset: number) => void;

/**
 * Finds every occurrence of some hash parts in a stream given in chunks. Looks at the last byte of each
 * window first: where that is no nix32 digit the next 32 bytes hold no hash part, so most are never looked at.
 */
export class HashPartSearch {
  readonly #wanted: ReadonlySet<string>;
  readonly #found: FoundHashPart;
  /** A bit for each possible beginning, set where a wanted hash part begins so. */
  readonly #prefixes = new Uint8Array(1 << (PREFIX_BITS - 3));
  /** The last bytes seen, one fewer than a hash part has. */
  #tail: Buffer = Buffer.alloc(0);
  #position = 0;

  constructor(hashParts: Iterable<string>, found: FoundHashPart) {
    this.#wanted = new Set(hashParts);
    this.#found = found;
    for (const hashPart of this.#wanted) {
      const prefix = prefixOf(Buffer.from(hashPart, "latin1"), 0);
      this.#prefixes[prefix >> 3]! |= 1 << (prefix & 7);
    }
  }

  update(bytes: Uint8Array): void {
    const chunk = asBuffer(bytes);
    if (chunk.length === 0 || this.#wanted.size === 0) return;
    const border = Buffer.concat([this.#tail, chunk.subarray(0, TAIL_BYTES)]);
    this.#search(border, this.#position - this.#tail.length);
    if (chunk.length >= TAIL_BYTES) {
      this.#search(chunk, this.#position);
      this.#tail = Buffer.from(chunk.subarray(chunk.length - TAIL_BYTES));
    } else {
      this.#tail = border.subarray(Math.max(0, border.length - TAIL_BYTES));
    }
    this.#position += chunk.length;
  }

  #search(chunk: Buffer, base: number): void {
    // Bytes before `knownTo` from the window's start on are digits already looked at.
    let knownTo = 0;
    for (let start = 0; start + HASH_PART_LENGTH <= chunk.length; ) {
      let last = start + HASH_PART_LENGTH - 1;
      while (last >= knownTo && last >= start && DIGITS[chunk[last]!]! >= 0) last--;
      if (last >= knownTo && last >= start) {
        start = last + 1;
        continue;
      }
      knownTo = start + HASH_PART_LENGTH;
      const prefix = prefixOf(chunk, start);
      if ((this.#prefixes[prefix >> 3]! & (1 << (prefix & 7))) !== 0) this.#check(chunk, start, base);
      start++;
    }
  }

  #check(chunk: Buffer, start: number, base: number): void {
    const hashPart = chunk.toString("latin1", start, start + HASH_PART_LENGTH);
    if (this.#wanted.has(hashPart)) this.#found(hashPart, base + start);
  }
}

/** The first four digits as a number. */
function prefixOf(bytes: Uint8Array, at: number): number {
  const high = (DIGITS[bytes[at]!]! << 5) | DIGITS[bytes[at + 1]!]!;
  const low = (DIGITS[bytes[at + 2]!]! << 5) | DIGITS[bytes[at + 3]!]!;
  return (high << 10) | low;
}

const PREFIX_BITS = 20;
const TAIL_BYTES = HASH_PART_LENGTH - 1;
/** Value of each byte as a digit, or -1. */
const DIGITS = (() => {
  const values = new Int8Array(256).fill(-1);
  for (const [value, digit] of [...NIX32_ALPHABET].entries()) values[digit.charCodeAt(0)] = value;
  return values;
})();
