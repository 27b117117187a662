import { type BuildResult, isSuccess, type KeyedBuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { isSilent, SILENCE } from "../verdict/verdict.ts";

export interface GraphRequest {
  /** Asks for builds together; some may go without an answer. */
  readonly ask: (builds: readonly PlannedBuild[]) => Promise<readonly KeyedBuildResult[]>;
  readonly settle: (build: PlannedBuild, result: BuildResult) => void;
  /** Whether what does not need a failure is to be built in spite of it. */
  readonly keepGoing: boolean;
}

/**
 * Asks for a graph, each build after what it needs, and settles each. Nix stops at the first failure among what was asked
 * for, whatever the client says of going on: then the rest is asked for again.
 */
export async function requestGraph(
  builds: readonly PlannedBuild[],
  { ask, settle, keepGoing }: GraphRequest,
): Promise<void> {
  const failed = new Set<StorePath>();
  for (let open = builds; open.length > 0; ) {
    const answers = answersByDrv(await ask(open));
    const rest = open.filter((build) => {
      const result = answers.get(build.drvPath);
      const isDoomed = build.needs.some((need) => failed.has(need));
      if (!isDoomed && (!result || isSilent(result))) return true;
      if (!result || !isSuccess(result)) failed.add(build.drvPath);
      settle(build, result ?? SILENCE);
      return false;
    });
    if (keepGoing && rest.length < open.length) open = rest;
    else {
      for (const build of rest) settle(build, SILENCE);
      return;
    }
  }
}

function answersByDrv(results: readonly KeyedBuildResult[]): Map<StorePath, KeyedBuildResult> {
  return new Map(
    results.map((result) => [result.path.kind === "built" ? result.path.drvPath : result.path.path, result]),
  );
}
