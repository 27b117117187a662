import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { FeedLine } from "./feed-line.ts";
import type { Fetches } from "./fetches.ts";
import type { Moving, Precedence } from "./precedence.ts";
import type { Holder } from "./site.ts";
import type { TransferOptions } from "./transfer.ts";
import type { Whereabouts } from "./whereabouts.ts";

export interface FeederOptions extends TransferOptions {
  readonly whereabouts: Whereabouts;
  /** Let the target take paths from its own binary caches first. */
  readonly substitute: boolean;
  /** Told what the target takes from them. */
  readonly fetches: Fetches;
  /** False for a path that the target would refuse; it is then left out with all that refers to it. */
  readonly accepts?: (info: PathInfo) => boolean;
  /** Told when a store that was to send something could not. */
  readonly onSourceLost: (source: Holder, message: string) => void;
  /** Orders what is sent to builders; absent where nothing is sent ahead of its need. */
  readonly precedence?: Precedence;
}

/** Brings closures into one store from wherever they are: from each store by a line of its own. Nothing is sent twice. */
export class Feeder {
  /** Paths that the target would have refused. */
  readonly withheld = new Set<StorePath>();
  readonly target: Holder;
  readonly options: FeederOptions;
  readonly #present = new Set<StorePath>();
  /** Paths asked for and not settled. */
  readonly #wanted = new Map<StorePath, Deferred<void>>();
  readonly #lines = new Map<Holder, FeedLine>();
  readonly #linesAhead = new Map<Holder, FeedLine>();
  /** Every path of the closures that are on their way, on whichever line. */
  readonly moving = new Map<StorePath, Moving>();

  constructor(target: Holder, options: FeederOptions) {
    this.target = target;
    this.options = options;
  }

  /** Resolves when all of `paths`, with their closures, are in the target. Waits for nothing else. */
  async need(paths: Iterable<StorePath>): Promise<void> {
    await Promise.all(Array.from(paths, (path) => this.#needOne(path)));
  }

  has(path: StorePath): boolean {
    return this.#present.has(path);
  }

  /** Neither there nor asked for. */
  lacks(path: StorePath): boolean {
    return !this.has(path) && !this.#wanted.has(path) && !this.options.whereabouts.has(this.target, path);
  }

  /** Those of `paths` that are in the target, also by its own caches where it may take from them. */
  async validInTarget(paths: readonly StorePath[]): Promise<Set<StorePath>> {
    if (paths.length === 0) return new Set();
    const { store, name } = this.target;
    if (!this.options.substitute) return await store.queryValidPaths(paths);
    using fetches = this.options.fetches.into(name);
    return await store.queryValidPaths(paths, { substitute: true, fetches: fetches.take });
  }

  /** Says that paths, with their closures, are there: built there, for one. */
  arrived(paths: Iterable<StorePath>): void {
    for (const path of paths) this.#present.add(path);
  }

  /** A builder that reaches the target is asked before a store whose bytes would go through here. */
  sourceOf(path: StorePath): Holder | undefined {
    const { whereabouts, courier } = this.options;
    const holders = whereabouts.holdersOf(path);
    return courier.nearest(holders, this.target) ?? holders[0];
  }

  /** A line of its own for what nobody waits for yet: what is asked for later does not stand behind it. */
  lineAheadFrom(source: Holder): FeedLine {
    const line = this.#linesAhead.get(source) ?? new FeedLine(source, this, { isAhead: true });
    this.#linesAhead.set(source, line);
    return line;
  }

  #needOne(path: StorePath): Promise<void> | undefined {
    if (this.#present.has(path)) return undefined;
    const known = this.#wanted.get(path);
    if (known) return known.promise;
    const wanted = new Deferred<void>();
    this.#wanted.set(path, wanted);
    void this.#fetch(path)
      .then(wanted.resolve, wanted.reject)
      .finally(() => this.#wanted.delete(path));
    return wanted.promise;
  }

  /** From one store after the other, as long as those that were to send it go away. */
  async #fetch(path: StorePath): Promise<void> {
    const { whereabouts } = this.options;
    for (;;) {
      if (whereabouts.has(this.target, path)) return;
      const source = this.sourceOf(path);
      if (!source)
        throw new ElsewhereError(
          "INPUT_MISSING",
          `Cannot send '${path}' to ${this.target.name}: no store has it`,
        );
      if ((await this.#lineFrom(source).bring(path)) === "there") return;
    }
  }

  #lineFrom(source: Holder): FeedLine {
    const line = this.#lines.get(source) ?? new FeedLine(source, this);
    this.#lines.set(source, line);
    return line;
  }
}
