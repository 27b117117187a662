import type { StorePath } from "#nix/store-path.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { Lane } from "./lane.ts";

/** Builds that lanes shall make and that are not settled: which of them can be asked for, and where. */
export class OpenBuilds {
  /** Each after what it needs. */
  readonly #open: Map<StorePath, PlannedBuild>;
  /** Those of them that were not asked for where they can be answered soon. */
  readonly #unasked: Set<PlannedBuild>;
  readonly #fed = new Set<PlannedBuild>();

  constructor(builds: readonly PlannedBuild[]) {
    this.#open = new Map(builds.map((build) => [build.drvPath, build]));
    this.#unasked = new Set(builds);
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  has({ drvPath }: PlannedBuild): boolean {
    return this.#open.has(drvPath);
  }

  /** What a build takes, and none of the others makes, is with the builder. */
  noteFed(build: PlannedBuild): void {
    this.#fed.add(build);
  }

  /** The next that can begin in `lane`: it counts as asked for. */
  takeFor(lane: Lane): PlannedBuild | undefined {
    for (const build of this.#unasked) {
      if (!this.#canBegin(build, lane)) continue;
      this.#unasked.delete(build);
      return build;
    }
    return undefined;
  }

  /** Those of `builds` that are open may be asked for in other lanes too. */
  putBack(builds: readonly PlannedBuild[]): void {
    for (const build of builds) if (this.has(build)) this.#unasked.add(build);
  }

  /** Up to `max` of those that a lane of their own could begin with. */
  countReady(max: number): number {
    let count = 0;
    for (const build of this.#unasked) {
      if (this.#canBegin(build)) count++;
      if (count >= max) break;
    }
    return count;
  }

  close(build: PlannedBuild): void {
    this.#open.delete(build.drvPath);
    this.#unasked.delete(build);
  }

  /** What is open and needs `failed`, each after what it needs itself; or all that is open. */
  doomedBy(failed: PlannedBuild, { all }: { all: boolean }): PlannedBuild[] {
    const doomed = new Set([failed.drvPath]);
    return [...this.#open.values()].filter((build) => {
      const isDoomed = build !== failed && (all || build.needs.some((need) => doomed.has(need)));
      if (isDoomed) doomed.add(build.drvPath);
      return isDoomed;
    });
  }

  /** All that it needs is there, or will be when `lane` comes to it. */
  #canBegin(build: PlannedBuild, lane?: Lane): boolean {
    if (!this.#fed.has(build) || lane?.has(build)) return false;
    return build.needs.every((need) => {
      const needed = this.#open.get(need);
      return needed === undefined || lane?.has(needed) === true;
    });
  }
}
