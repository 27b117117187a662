import type { StorePath } from "#nix/store-path.ts";
import type { StoredPath } from "#schedule/schedule.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import { feedAhead } from "../feed/feed-ahead.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { inputOutputsOf } from "../plan/resolve.ts";
import type { Run } from "../run.ts";

export interface PrefetchOptions {
  readonly run: Run;
  readonly builds: ReadonlyMap<StorePath, PlannedBuild>;
  /** Builds that a builder which is full will be given next, as far as can be foreseen. */
  readonly upcoming: (builder: string, max: number) => readonly string[];
  /** Told what a builder has now of what a build needs. */
  readonly onSent: (builder: string, paths: readonly StoredPath[]) => void;
}

/**
 * Sends to builders that are full what the builds need that come next there. Of a build that then goes elsewhere, the inputs
 * lie there for nothing; so a build is foreseen on one builder only, few builds are, and of few bytes.
 */
export class Prefetch implements Disposable {
  readonly #options: PrefetchOptions;
  /** Bytes sent for builds that have not begun, by builder. */
  readonly #ahead = new Map<string, Map<StorePath, number>>();
  /** The builder on which a build is foreseen. */
  readonly #foreseen = new Map<StorePath, string>();
  /** Builders to which something goes. */
  readonly #sending = new Set<string>();
  #place = 0;
  #isDue = false;
  #isOver = false;

  constructor(options: PrefetchOptions) {
    this.#options = options;
  }

  /** Something happened: other builds may come next, once all that happened now is told. */
  look(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.#isOver) this.#lookAround();
    });
  }

  /** A build has begun, or never will: it comes next nowhere. */
  forget(drvPath: StorePath): void {
    const builder = this.#foreseen.get(drvPath);
    if (builder === undefined) return;
    this.#foreseen.delete(drvPath);
    this.#ahead.get(builder)!.delete(drvPath);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
  }

  /** Of many builders at some each time, one after the other. */
  #lookAround(): void {
    const { sites } = this.#options.run.request;
    for (let looked = 0; looked < Math.min(sites.length, BUILDERS_A_LOOK); looked++)
      this.#lookAt(sites[this.#place++ % sites.length]!.traits.name);
  }

  #lookAt(builder: string): void {
    const { run, builds, upcoming } = this.#options;
    const active = run.sites.active(builder);
    const ahead = this.#ahead.get(builder) ?? new Map<StorePath, number>();
    this.#ahead.set(builder, ahead);
    if (!active) for (const drvPath of ahead.keys()) this.forget(drvPath);
    if (!active || active.holder === run.request.destination || this.#sending.has(builder)) return;
    const max = Math.min(active.site.traits.maxJobs, BUILDS_AHEAD_MAX);
    if (ahead.size >= max) return;
    const next = (upcoming(builder, max) as readonly StorePath[]).find((one) => !this.#foreseen.has(one));
    if (next === undefined) return;
    this.#foreseen.set(next, builder);
    ahead.set(next, 0);
    void this.#send(builds.get(next)!, active);
  }

  async #send(build: PlannedBuild, { site, feeder }: ActiveSite): Promise<void> {
    const builder = site.traits.name;
    const ahead = this.#ahead.get(builder)!;
    const used = [...ahead.values()].reduce((a, b) => a + b, 0);
    this.#sending.add(builder);
    try {
      const inputs = this.#inputsOf(build);
      const bytes = await feedAhead(feeder, inputs, BYTES_AHEAD_MAX - used);
      if (ahead.has(build.drvPath)) ahead.set(build.drvPath, bytes ?? 0);
      if (bytes && !this.#isOver) this.#options.onSent(builder, [...build.needs, ...inputs].map(stored));
    } catch {
      // Whoever needs it later finds out what is wrong, and says so.
    } finally {
      this.#sending.delete(builder);
      this.look();
    }
  }

  #inputsOf({ derivation }: PlannedBuild): StorePath[] {
    const { knowledge } = this.#options.run;
    return [...derivation.inputSources, ...inputOutputsOf(derivation, knowledge.outputsOf)];
  }
}

/** What its size is, is known or is not: nothing new is said of it. */
function stored(path: string): StoredPath {
  return { path, bytes: 0 };
}

const BUILDERS_A_LOOK = 32;
/** Builds that are foreseen on one builder at a time, at most one a slot. */
const BUILDS_AHEAD_MAX = 8;
/** What may lie on one builder for builds that have not begun. */
const BYTES_AHEAD_MAX = 1 << 30;
