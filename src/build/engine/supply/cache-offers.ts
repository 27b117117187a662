import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Origin } from "../../events.ts";
import type { Fetches } from "../feed/fetches.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { RealiseRequest } from "../realise-request.ts";
import type { Knowledge } from "./knowledge.ts";
import { type Substitutable, substitutablePaths, takeFromCaches } from "./substitution.ts";

export interface CacheOffersOptions {
  readonly request: RealiseRequest;
  readonly knowledge: Knowledge;
  readonly fetches: Fetches;
  readonly onTaken: OnTaken;
}

/** Told how a path that was taken came to be. */
type OnTaken = (path: StorePath, origin: Origin) => void;

/** What the destination can take from its binary caches, and what came of it. */
export class CacheOffers {
  readonly #request: RealiseRequest;
  readonly #knowledge: Knowledge;
  /** Where from, as far as the destination says. */
  readonly #offered = new Map<StorePath, string | undefined>();
  /** Paths that a cache promised and did not give: in this run they are not asked for again. */
  readonly #failed = new Set<StorePath>();
  readonly #underWay = new Map<StorePath, Promise<void>>();
  readonly #fetches: Fetches;
  readonly #onTaken: OnTaken;

  constructor({ request, knowledge, fetches, onTaken }: CacheOffersOptions) {
    this.#request = request;
    this.#knowledge = knowledge;
    this.#fetches = fetches;
    this.#onTaken = onTaken;
  }

  /** How many paths must be built instead of fetched. */
  get lost(): number {
    return this.#request.settings.fallback ? this.#failed.size : 0;
  }

  has(path: StorePath): boolean {
    return this.#offered.has(path);
  }

  /** Whether a path is for a cache to give: what one promised and did not give is only built with `fallback`. */
  mustGive(path: StorePath): boolean {
    return this.has(path) || (this.#failed.has(path) && !this.#request.settings.fallback);
  }

  /** The cache that has a path; undefined where none has. */
  sourceOf(path: StorePath): string | undefined {
    return this.has(path) ? (this.#offered.get(path) ?? "a binary cache") : undefined;
  }

  /** Asks the destination what it can substitute: of that, nothing is built. */
  async survey(): Promise<void> {
    const { destination, wishes, graph, substitute, alwaysSubstitutes = false } = this.#request;
    if (!substitute) return;
    const found = await substitutablePaths({
      store: destination.store,
      wishes,
      graph,
      outputsOf: this.#knowledge.outputsOf,
      exists: (path) => this.#knowledge.whereabouts.find(path) !== undefined,
      always: alwaysSubstitutes,
    });
    for (const [path, from] of found) this.#offered.set(path, from);
  }

  /** Those of `paths` that only a cache has. */
  of(paths: readonly StorePath[]): Substitutable {
    const wanted = paths.filter((path) => this.has(path) && !this.#knowledge.whereabouts.find(path));
    return new Map(wanted.map((path) => [path, this.#offered.get(path)]));
  }

  /** What would be taken for `builds` and for the wishes. */
  neededFor(builds: readonly PlannedBuild[]): Substitutable {
    const inputs = builds.flatMap((build) => this.#knowledge.inputsOf(build));
    return this.of([...this.#knowledge.wishedPaths(), ...inputs]);
  }

  /** Has the destination take those of `paths` that it can from its caches. Waits for what others take of them. */
  async take(paths: readonly StorePath[]): Promise<void> {
    const wanted = [...this.of(paths).keys()];
    const fresh = wanted.filter((path) => !this.#underWay.has(path));
    if (fresh.length > 0) this.#begin(fresh);
    await Promise.all(new Set(wanted.map((path) => this.#underWay.get(path))));
    this.#checkGiven(paths);
  }

  /** Takes what `builds` need beside other work, for a few of them at a time. What comes of it, `take` tells. */
  async takeAhead(builds: readonly PlannedBuild[]): Promise<void> {
    const queue = builds.values();
    const worker = async () => {
      for (const build of queue) {
        if (this.#request.signal.aborted) return;
        await this.take(this.#knowledge.inputsOf(build)).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: BUILDS_AT_ONCE }, worker));
  }

  #begin(paths: readonly StorePath[]): void {
    const taking = this.#fetch(paths).finally(() => {
      for (const path of paths) this.#underWay.delete(path);
    });
    // Whoever waits for it hears of it.
    taking.catch(() => undefined);
    for (const path of paths) this.#underWay.set(path, taking);
  }

  async #fetch(paths: readonly StorePath[]): Promise<void> {
    const { destination } = this.#request;
    using fetches = this.#fetches.into(destination.name);
    const taken = await takeFromCaches(destination.store, paths, fetches.take);
    this.#knowledge.whereabouts.add(destination, taken.keys());
    for (const path of paths) {
      const source = taken.get(path);
      const offeredBy = this.#offered.get(path);
      const from = source?.from ?? offeredBy;
      if (source)
        this.#onTaken(path, {
          kind: "substituted",
          builder: destination.name,
          ...source,
          ...(from && { from }),
        });
      else {
        this.#offered.delete(path);
        this.#failed.add(path);
      }
    }
  }

  #checkGiven(paths: readonly StorePath[]): void {
    const lost = paths.filter(
      (path) => this.#failed.has(path) && this.mustGive(path) && !this.#knowledge.whereabouts.find(path),
    );
    if (lost.length === 0) return;
    throw new ElsewhereError(
      "SUBSTITUTION_FAILED",
      `Cannot fetch '${lost[0]}'${lost.length > 1 ? ` and ${lost.length - 1} more` : ""}: a cache has it and did not give it`,
      { hint: "try again, or say --fallback to build it" },
    );
  }
}

/** Each is a stream of its own: more would only share the line between them. */
const BUILDS_AT_ONCE = 4;
