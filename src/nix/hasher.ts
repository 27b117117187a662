import { createHash } from "node:crypto";
import { Blake3 } from "./blake3.ts";
import type { Hash, HashAlgorithm } from "./hash.ts";

/** Hashes a stream with any algorithm that Nix knows. */
export class Hasher {
  readonly #algorithm: HashAlgorithm;
  readonly #state: { update(bytes: Uint8Array): unknown; digest(): Uint8Array };

  constructor(algorithm: HashAlgorithm) {
    this.#algorithm = algorithm;
    this.#state = algorithm === "blake3" ? new Blake3() : createHash(algorithm);
  }

  update(bytes: Uint8Array): this {
    this.#state.update(bytes);
    return this;
  }

  /** Call it once. */
  finish(): Hash {
    return { algorithm: this.#algorithm, digest: this.#state.digest() };
  }
}
