import { HashPartSearch } from "./hash-part-search.ts";
import { hashPartOf, type StorePath } from "./store-path.ts";

/** Finds which of some store paths a stream refers to: those whose hash part occurs in it. */
export class ReferenceScanner {
  readonly #byHashPart = new Map<string, StorePath[]>();
  readonly #found = new Set<StorePath>();
  readonly #search: HashPartSearch;

  constructor(candidates: Iterable<StorePath>) {
    for (const path of candidates) {
      const hashPart = hashPartOf(path);
      const known = this.#byHashPart.get(hashPart);
      if (known) known.push(path);
      else this.#byHashPart.set(hashPart, [path]);
    }
    this.#search = new HashPartSearch(this.#byHashPart.keys(), (hashPart) => {
      for (const path of this.#byHashPart.get(hashPart)!) this.#found.add(path);
    });
  }

  update(bytes: Uint8Array): void {
    this.#search.update(bytes);
  }

  /** Those found so far, sorted. */
  get references(): StorePath[] {
    return [...this.#found].sort();
  }
}
