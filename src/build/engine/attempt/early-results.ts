import type { Clock } from "#base/clock.ts";
import { BARE_RESULT, type BuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { OnResult } from "./asking.ts";

export interface EarlyResultsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly outputsOf: (drvPath: StorePath) => KnownOutputs;
  readonly onResult: OnResult;
}

/**
 * Finds out, while a request for many builds is under way, which of them have succeeded, so that outputs
 * come home and dependants elsewhere begin before all is done. Failures wait for the builder's own answer.
 */
export class EarlyResults implements Disposable {
  readonly #builds: ReadonlyMap<StorePath, PlannedBuild>;
  readonly #options: EarlyResultsOptions;
  readonly #begunMs = new Map<StorePath, number>();
  readonly #endedMs = new Map<StorePath, number>();
  readonly #told = new Set<StorePath>();
  readonly #stop = new AbortController();

  constructor(builds: readonly PlannedBuild[], options: EarlyResultsOptions) {
    this.#builds = new Map(builds.map((build) => [build.drvPath, build]));
    this.#options = options;
    void this.#watch().catch(() => undefined);
  }

  readonly begun = (drvPath: StorePath): void => {
    this.#begunMs.set(drvPath, this.#options.clock.now());
  };

  readonly ended = (drvPath: StorePath): void => {
    if (!this.#endedMs.has(drvPath)) this.#endedMs.set(drvPath, this.#options.clock.now());
  };

  /** Hands on the builder's own answer, unless it was foreseen; with times where the builder told none. */
  settle(build: PlannedBuild, result: BuildResult): void {
    if (!this.#told.has(build.drvPath)) this.#options.onResult(build, this.#timed(build, result));
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS, this.#stop.signal);
      await this.#look(this.#open());
    }
  }

  /**
   * Begun, not told, and with outputs to look for. That a build ended is no use: Nix says so of the builds
   * that were asked for only when all of them have.
   */
  #open(): PlannedBuild[] {
    return [...this.#begunMs.keys()].flatMap((drvPath) => {
      const build = this.#builds.get(drvPath);
      const isOpen = build && !this.#told.has(drvPath) && this.#paths(build).length === build.outputs.length;
      return isOpen ? [build] : [];
    });
  }

  async #look(builds: readonly PlannedBuild[]): Promise<void> {
    if (builds.length === 0) return;
    const { store, onResult } = this.#options;
    const valid = await store.queryValidPaths(builds.flatMap((build) => this.#paths(build)));
    if (this.#stop.signal.aborted) return;
    for (const build of builds) {
      if (!this.#paths(build).every((path) => valid.has(path))) continue;
      this.#told.add(build.drvPath);
      this.ended(build.drvPath);
      onResult(build, this.#timed(build, SUCCESS));
    }
  }

  #paths({ drvPath, outputs }: PlannedBuild): StorePath[] {
    const known = this.#options.outputsOf(drvPath);
    return outputs.flatMap((name) => known.get(name) ?? []);
  }

  #timed({ drvPath }: PlannedBuild, result: BuildResult): BuildResult {
    const [begunMs, endedMs] = [this.#begunMs.get(drvPath), this.#endedMs.get(drvPath)];
    if (begunMs === undefined || endedMs === undefined) return result;
    return { ...result, startTime: begunMs / 1000, stopTime: endedMs / 1000 };
  }
}

/** Rare enough that a short request never asks. */
const LOOK_EVERY_MS = 1000;
const SUCCESS: BuildResult = { ...BARE_RESULT, status: "Built", timesBuilt: 1 };
