import type { StorePath } from "#nix/store-path.ts";
import type { Holder } from "../site/site.ts";

/** Which stores hold which paths, as far as anybody has asked or copied. */
export class Whereabouts {
  readonly #holders = new Map<StorePath, Holder[]>();

  add(holder: Holder, paths: Iterable<StorePath>): void {
    for (const path of paths) {
      const known = this.#holders.get(path);
      if (!known) this.#holders.set(path, [holder]);
      else if (!known.includes(holder)) known.push(holder);
    }
  }

  /** Forgets a store that went away. */
  forget(holder: Holder): void {
    for (const [path, known] of this.#holders) {
      const left = known.filter((one) => one !== holder);
      if (left.length === 0) this.#holders.delete(path);
      else if (left.length < known.length) this.#holders.set(path, left);
    }
  }

  has(holder: Holder, path: StorePath): boolean {
    return this.#holders.get(path)?.includes(holder) ?? false;
  }

  /** Every store that is known to hold it, in the order in which that became known. */
  holdersOf(path: StorePath): readonly Holder[] {
    return this.#holders.get(path) ?? [];
  }

  /** The store that was found to hold it first: the nearest one, since near ones are asked first. */
  find(path: StorePath): Holder | undefined {
    return this.#holders.get(path)?.[0];
  }
}
