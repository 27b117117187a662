import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { MalformedError } from "#base/errors.ts";
import type { Hash, HashAlgorithm } from "./hash.ts";
import { HashPartSearch } from "./hash-part-search.ts";
import { HASH_PART_LENGTH } from "./store-path.ts";

/** Replaces hash parts in a stream by others as long, and gives the stream on in chunks to `emit`. */
export class HashRewriter {
  /** Where something was replaced, in bytes from the start of the stream. */
  readonly positions: number[] = [];
  readonly #replacements = new Map<string, Buffer>();
  readonly #search: HashPartSearch;
  readonly #emit: (chunk: Buffer) => void;
  /** What was searched but may begin a hash part that the next chunk ends. */
  #held: Buffer = Buffer.alloc(0);
  #heldFrom = 0;
  #matches: { hashPart: string; offset: number }[] = [];

  constructor(rewrites: ReadonlyMap<string, string>, emit: (chunk: Buffer) => void) {
    for (const [from, to] of rewrites) {
      if (from.length !== HASH_PART_LENGTH || to.length !== HASH_PART_LENGTH)
        throw new MalformedError("hash rewriting", `${from} → ${to}`, `want ${HASH_PART_LENGTH} digits each`);
      if (from !== to) this.#replacements.set(from, Buffer.from(to, "latin1"));
    }
    this.#search = new HashPartSearch(this.#replacements.keys(), (hashPart, offset) =>
      this.#matches.push({ hashPart, offset }),
    );
    this.#emit = emit;
  }

  update(bytes: Uint8Array): void {
    this.#search.update(bytes);
    const waiting = Buffer.concat([this.#held, bytes]);
    for (const { hashPart, offset } of this.#matches.sort((a, b) => a.offset - b.offset))
      this.#replace(waiting, hashPart, offset);
    this.#matches = [];
    const settled = Math.max(0, waiting.length - HASH_PART_LENGTH + 1);
    if (settled > 0) this.#emit(waiting.subarray(0, settled));
    this.#held = waiting.subarray(settled);
    this.#heldFrom += settled;
  }

  /** Gives on what was held back. Call it at the end. */
  end(): void {
    if (this.#held.length > 0) this.#emit(this.#held);
    this.#heldFrom += this.#held.length;
    this.#held = Buffer.alloc(0);
  }

  #replace(waiting: Buffer, hashPart: string, offset: number): void {
    const last = this.positions.at(-1);
    if (last !== undefined && offset < last + HASH_PART_LENGTH) return;
    this.#replacements.get(hashPart)!.copy(waiting, offset - this.#heldFrom);
    this.positions.push(offset);
  }
}

export interface ModuloHash {
  /** As Nix 2.26 and later have it: each self-reference is 32 zero bytes. */
  readonly hash: Hash;
  /** As Nix 2.8 has it: `|` and the offset of each self-reference follow the contents as well. */
  readonly hashWithPositions: Hash;
  /** Bytes of the stream. */
  readonly size: number;
}

/**
 * Hashes contents that name themselves: the content address of a floating output with self-references.
 * The two ways of Nix differ only where there are self-references. Both were seen in content addresses
 * that Nix 2.8.0, 2.26.3 and 2.34.8 made.
 */
export class ModuloHasher {
  readonly #algorithm: HashAlgorithm;
  readonly #hash: ReturnType<typeof createHash>;
  readonly #rewriter: HashRewriter;
  #size = 0;

  constructor(algorithm: HashAlgorithm, selfHashPart: string) {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
    this.#rewriter = new HashRewriter(new Map([[selfHashPart, "\0".repeat(HASH_PART_LENGTH)]]), (chunk) =>
      this.#hash.update(chunk),
    );
  }

  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    this.#rewriter.update(bytes);
  }

  finish(): ModuloHash {
    this.#rewriter.end();
    const withPositions = this.#hash.copy();
    for (const position of this.#rewriter.positions) withPositions.update(`|${position}`);
    return {
      hash: { algorithm: this.#algorithm, digest: this.#hash.digest() },
      hashWithPositions: { algorithm: this.#algorithm, digest: withPositions.digest() },
      size: this.#size,
    };
  }
}
