import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Holder } from "../site/site.ts";
import type { Fetches } from "./fetches.ts";
import { type Errand, Moving } from "./precedence.ts";
import type { Whereabouts } from "./whereabouts.ts";

export interface IntakeOptions {
  readonly whereabouts: Whereabouts;
  /** Let the target take paths from its own binary caches first. */
  readonly substitute: boolean;
  /** Told what the target takes from them. */
  readonly fetches: Fetches;
  /** False for a path that the target would refuse; it is then left out with all that refers to it. */
  readonly accepts?: (info: PathInfo) => boolean;
}

/** What one store has, and what is on its way there, whoever sends it: so that nothing is sent twice. */
export class Intake {
  readonly target: Holder;
  readonly #options: IntakeOptions;
  readonly #present = new Set<StorePath>();
  /** Every path of the closures that are on their way, from whichever store. */
  readonly #moving = new Map<StorePath, Moving>();
  readonly #withheld = new Set<StorePath>();

  constructor(target: Holder, options: IntakeOptions) {
    this.target = target;
    this.#options = options;
  }

  has(path: StorePath): boolean {
    return this.#present.has(path);
  }

  movingOf(path: StorePath): Moving | undefined {
    return this.#moving.get(path);
  }

  /** Whether paths were kept back that the target would have refused. */
  get withholds(): boolean {
    return this.#withheld.size > 0;
  }

  /** Says that paths, with their closures, are there: built there, for one. */
  arrived(paths: Iterable<StorePath>): void {
    for (const path of paths) this.#present.add(path);
  }

  /** From now on these count as on their way. */
  begin(paths: readonly StorePath[], errand: Errand | undefined): Map<StorePath, Moving> {
    const begun = new Map(paths.map((path) => [path, new Moving(errand)]));
    for (const [path, moving] of begun) this.#moving.set(path, moving);
    return begun;
  }

  /** What was on its way is there. */
  take(paths: readonly StorePath[]): void {
    this.arrived(paths);
    this.#options.whereabouts.add(this.target, paths);
    this.#release(paths);
  }

  /** What was on its way does not come. */
  fail(paths: readonly StorePath[], error: unknown): void {
    for (const path of paths) {
      this.#moving.get(path)?.reject(error);
      this.#moving.delete(path);
    }
  }

  /** Of what was to come, that which the target would take; whoever waits for the rest waits no longer. */
  acceptable(infos: readonly PathInfo[]): readonly PathInfo[] {
    const { accepts } = this.#options;
    if (!accepts) return infos;
    const [taken, refused]: [PathInfo[], StorePath[]] = [[], []];
    for (const info of infos) {
      if (accepts(info) && !info.references.some((reference) => this.#withheld.has(reference)))
        taken.push(info);
      else {
        this.#withheld.add(info.path);
        refused.push(info.path);
      }
    }
    this.#release(refused);
    return taken;
  }

  /** Those of `paths` that the target has, also by its own caches where it may take from them. */
  async validOf(paths: readonly StorePath[]): Promise<Set<StorePath>> {
    if (paths.length === 0) return new Set();
    const { store, name } = this.target;
    if (!this.#options.substitute) return await store.queryValidPaths(paths);
    using fetches = this.#options.fetches.into(name);
    return await store.queryValidPaths(paths, { substitute: true, fetches: fetches.take });
  }

  #release(paths: readonly StorePath[]): void {
    for (const path of paths) {
      this.#moving.get(path)?.resolve();
      this.#moving.delete(path);
    }
  }
}
