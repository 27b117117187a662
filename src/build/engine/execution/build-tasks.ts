import type { StorePath } from "#nix/store-path.ts";
import { estimateFor, noEstimates } from "#schedule/estimate.ts";
import { refusalOf } from "#schedule/requirement.ts";
import type { BuildTask, StoredPath } from "#schedule/schedule.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { requirementOf } from "../plan/requirement-of.ts";
import { inputOutputsOf } from "../plan/resolve.ts";
import type { Run } from "../run.ts";
import type { Holder } from "../site/site.ts";

/** Planned builds as the scheduler wants to know them. */
export interface BuildTasks {
  readonly tasks: readonly BuildTask[];
  /** What they need that a builder has already, by its name. */
  readonly held: ReadonlyMap<string, readonly StoredPath[]>;
}

/**
 * Finds out what builds are expected to take and how large their inputs are. Where only one builder can do any of them,
 * sizes decide nothing, and are not asked for.
 */
export async function buildTasksOf(builds: readonly PlannedBuild[], run: Run): Promise<BuildTasks> {
  const planned = new Set(builds.map(({ drvPath }) => drvPath));
  const inputs = new Map(builds.map((build) => [build.drvPath, inputsOf(build, { planned, run })]));
  const wanted = new Set([...inputs.values()].flat());
  const sizes = hasChoice(builds, run) ? await sizesOf(wanted, run) : new Map<StorePath, number>();
  const stored = (path: StorePath) => ({ path, bytes: sizes.get(path) ?? 0 });
  const estimates = run.request.estimates ?? noEstimates;
  const tasks = builds.map(({ drvPath, derivation, needs }) => ({
    id: drvPath,
    requirement: requirementOf(derivation),
    needs,
    estimate: estimateFor(estimates, derivation.name, derivation.system),
    inputs: inputs.get(drvPath)!.map(stored),
  }));
  return { tasks, held: heldBy(run, sizes, stored) };
}

/** What a build needs that is there already. */
function inputsOf(
  { derivation }: PlannedBuild,
  { planned, run }: { planned: ReadonlySet<StorePath>; run: Run },
): StorePath[] {
  const made = inputOutputsOf(derivation, (drvPath) =>
    planned.has(drvPath) ? new Map() : run.knowledge.outputsOf(drvPath),
  );
  return [...new Set([...derivation.inputSources, ...made])];
}

function hasChoice(builds: readonly PlannedBuild[], { request, sites }: Run): boolean {
  const there = request.sites.filter(({ traits }) => sites.state(traits.name) !== "down");
  const kinds = new Set(builds.map(({ derivation }) => requirementOf(derivation)));
  return [...kinds].some((kind) => there.filter(({ traits }) => !refusalOf(traits, kind)).length > 1);
}

/** Bytes of NARs, one question to each store. What a store does not tell now is not waited for. */
async function sizesOf(paths: ReadonlySet<StorePath>, { knowledge }: Run): Promise<Map<StorePath, number>> {
  const groups = Map.groupBy(paths, (path) => knowledge.whereabouts.find(path));
  const sizes = new Map<StorePath, number>();
  const ask = async ({ store }: Holder, held: readonly StorePath[]) => {
    for (const [path, { narSize }] of await store.queryPathInfos(held)) sizes.set(path, narSize);
  };
  await Promise.allSettled(Array.from(groups, async ([holder, held]) => holder && ask(holder, held)));
  return sizes;
}

function heldBy(
  { request, sites, knowledge }: Run,
  sizes: ReadonlyMap<StorePath, number>,
  stored: (path: StorePath) => StoredPath,
): Map<string, readonly StoredPath[]> {
  const held = new Map<string, readonly StoredPath[]>();
  for (const { traits } of request.sites) {
    const holder = sites.active(traits.name)?.holder;
    if (!holder) continue;
    const paths = [...sizes.keys()].filter((path) => knowledge.whereabouts.has(holder, path));
    if (paths.length > 0) held.set(traits.name, paths.map(stored));
  }
  return held;
}
