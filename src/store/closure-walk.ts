import { LimitError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "./invalid-path.ts";
import { sortByPlaces } from "./reference-order.ts";

/** A closure that grows by what a far store says of its paths: each answer names those to ask for next. */
export class ClosureWalk {
  readonly #queue: StorePath[] = [];
  /** Where in the queue each is. */
  readonly #places = new Map<StorePath, number>();
  /** What was said of the queue, from its beginning. */
  readonly #infos: PathInfo[] = [];
  /** At which places the references of each are. */
  readonly #referred: number[][] = [];
  #missing: StorePath | undefined;

  constructor(roots: Iterable<StorePath>) {
    for (const root of roots) this.add(root);
  }

  /** What to ask for, in this order; it grows. */
  get queue(): readonly StorePath[] {
    return this.#queue;
  }

  /** Has `path` asked for, unless it is already. Its place in the queue. */
  add(path: StorePath): number {
    const known = this.#places.get(path);
    if (known !== undefined) return known;
    this.#places.set(path, this.#queue.length);
    return this.#queue.push(path) - 1;
  }

  /** Takes what the store says of the next of the queue; undefined when it is not valid. Whether more is wanted. */
  take(info: PathInfo | undefined): boolean {
    if (this.#missing !== undefined || this.#infos.length === CLOSURE_PATHS_MAX) return false;
    if (!info) {
      this.#missing = this.#queue[this.#infos.length];
      return false;
    }
    this.#infos.push(info);
    this.#referred.push(info.references.map((reference) => this.add(reference)));
    return true;
  }

  /** References before referrers. Throws when a path was not valid, or when there were too many. */
  finish(storeDir: StoreDir): PathInfo[] {
    if (this.#missing !== undefined) throw new InvalidPathError(printStorePath(storeDir, this.#missing));
    if (this.#infos.length < this.#queue.length)
      throw new LimitError("a closure (in paths)", this.#queue.length, CLOSURE_PATHS_MAX);
    return sortByPlaces(this.#infos, this.#referred);
  }
}

/** Most paths of a closure: above any, and below what a store that invents ever new references could fill memory with. */
const CLOSURE_PATHS_MAX = 1_000_000;
