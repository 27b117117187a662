import type { StorePath } from "#nix/store-path.ts";
import type { BuildOutcome } from "../../events.ts";
import type { PlannedBuild } from "./plan.ts";

export interface LostOutputsQuestion {
  /** Each after what it needs. */
  readonly builds: readonly PlannedBuild[];
  readonly ended: ReadonlyMap<StorePath, BuildOutcome>;
  /** Whether what a build made is in some store, all of it. */
  readonly isKept: (build: PlannedBuild) => boolean;
  /** Whether somebody still waits for what a build made itself. */
  readonly isAwaited: (build: PlannedBuild) => boolean;
}

/** Builds that succeeded and must be done again, since what they made is gone and something needs it: each after what it needs. */
export function lostOutputs({ builds, ended, isKept, isAwaited }: LostOutputsQuestion): StorePath[] {
  const needed = new Set<StorePath>();
  const again: StorePath[] = [];
  for (const build of builds.toReversed()) {
    const kind = ended.get(build.drvPath)?.kind;
    const isDone = kind === "realised";
    const isWanted = needed.has(build.drvPath) || isAwaited(build);
    const isAgain = isDone && isWanted && !isKept(build);
    if (isAgain) again.push(build.drvPath);
    if (isAgain || kind === undefined) for (const need of build.needs) needed.add(need);
  }
  return again.reverse();
}
