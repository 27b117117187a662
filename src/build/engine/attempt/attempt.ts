import type { BuildResult } from "#nix/build-result.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { inputOutputsOf, resolveInputs } from "../plan/resolve.ts";
import { isDistrust } from "../verdict/verdict.ts";
import { type Asking, announceInputs, fetchInputs, type OnResult, realiseOptions } from "./asking.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { buildByLanes, laneFor } from "./by-lanes.ts";
import { EarlyResults } from "./early-results.ts";
import { requestGraph } from "./graph-request.ts";
import { LimitWatch } from "./limit-watch.ts";
import { withOwnTimes } from "./own-times.ts";

/** Feeds and runs builds on one builder. Throws when the request as a whole came to nothing. */
export async function attempt(
  builds: readonly PlannedBuild[],
  active: ActiveSite,
  { context: given, onResult }: { context: AttemptContext; onResult: OnResult },
): Promise<void> {
  const wasBelieved = active.trust.takesOurWord;
  const open = new Map(builds.map((build) => [build.drvPath, build]));
  const settle: OnResult = (build, result) => {
    limits.end(build.drvPath);
    // What was ended here for a limit may be told of by its builder too.
    if (open.delete(build.drvPath)) onResult(build, result);
  };
  const { settings, clock, events } = given;
  const onExceeded = (drvPath: StorePath, result: BuildResult) => {
    const build = open.get(drvPath);
    if (build) settle(build, result);
  };
  using limits = new LimitWatch({ settings, clock, onExceeded });
  const context: AttemptContext = {
    ...given,
    signal: AbortSignal.any([given.signal, limits.signal]),
    events: (event) => {
      limits.take(event);
      events(event);
    },
  };
  const how = { context, onResult: settle, onAsked: (drvPath: StorePath) => limits.begin(drvPath) };
  try {
    await askFor(builds, active, how);
  } catch (error) {
    if (limits.signal.aborted && open.size === 0) return;
    // Not every protocol says beforehand whom a builder trusts.
    if (!wasBelieved || !isDistrust(error)) throw error;
    active.trust.takesOurWord = false;
    await askFor([...open.values()], active, how);
  }
}

async function askFor(builds: readonly PlannedBuild[], active: ActiveSite, how: Asking): Promise<void> {
  const [first] = builds;
  const canGoApart = builds.every((build) => canGoAlone(build, active));
  if (builds.length === 1 && canGoApart) return await buildAlone(first!, active, how);
  const lane = canGoApart ? await laneFor(builds, active, how.context) : undefined;
  if (lane) await buildByLanes(builds, active, { ...how, lane });
  else await buildGraph(builds, active, how);
}

/** Whether the derivation with plain inputs is enough: the builder takes our word and its output paths are known. */
function canGoAlone({ derivation }: PlannedBuild, { trust, site }: ActiveSite): boolean {
  const kinds = [...derivation.outputs.values()].map(({ kind }) => kind);
  if (kinds.includes("deferred") || kinds.includes("impure"))
    return !site.traits.takesGraphs && trust.takesOurWord;
  return trust.takesOurWord || !kinds.includes("input-addressed");
}

async function buildAlone(
  build: PlannedBuild,
  active: ActiveSite,
  { context, onResult, onAsked }: Asking,
): Promise<void> {
  const { drvPath, derivation } = build;
  const { store, realiser } = active.connected;
  const basic = resolveInputs(derivation, store.storeDir, context.outputsOf);
  await fetchInputs(basic.inputSources, [build], { active, context });
  await active.feeder.need(basic.inputSources);
  announceInputs("inputs-sent", [build], { active, context });
  // One that tells when a build begins may make it wait before.
  if (!active.site.traits.takesGraphs) onAsked(drvPath);
  let begunMs = context.clock.now();
  const onBegin = () => {
    begunMs = context.clock.now();
  };
  using fetches = context.fetches.into(active.site.traits.name, drvPath);
  const options = realiseOptions(active, context, { only: drvPath, onBegin, fetches: fetches.take });
  const told = context.tellRealisations(store, basic.inputSources);
  const result = await realiser.buildDerivation(drvPath, basic, options);
  await told;
  onResult(build, withOwnTimes(result, begunMs, context.clock.now()));
}

async function buildGraph(
  builds: readonly PlannedBuild[],
  active: ActiveSite,
  { context, onResult }: Asking,
): Promise<void> {
  const inside = new Set(builds.map(({ drvPath }) => drvPath));
  const inputs = builds.flatMap(({ derivation }) =>
    inputOutputsOf(derivation, (drvPath) => (inside.has(drvPath) ? NOTHING : context.outputsOf(drvPath))),
  );
  await fetchInputs(inputs, builds, { active, context });
  const here = inputs.filter((path) => context.whereabouts.find(path));
  await Promise.all([active.feeder.need(builds.map(({ drvPath }) => drvPath)), active.feeder.need(here)]);
  announceInputs("inputs-sent", builds, { active, context });
  const only = builds.length === 1 ? builds[0]!.drvPath : undefined;
  const { store, realiser } = active.connected;
  // It would build again what it does not know to be built.
  await context.tellRealisations(store, here);
  const { clock, outputsOf } = context;
  using early = new EarlyResults(builds, { store, clock, outputsOf, onResult });
  using fetches = context.fetches.into(active.site.traits.name, only);
  const options = realiseOptions(active, context, {
    only,
    onBegin: early.begun,
    onEnd: early.ended,
    fetches: fetches.take,
  });
  await requestGraph(builds, {
    ask: (wanted) => realiser.buildPaths(wanted.map(derivedPathOf), options),
    settle: (build, result) => early.settle(build, result),
    keepGoing: context.settings.keepGoing ?? false,
  });
}

function derivedPathOf({ drvPath, outputs }: PlannedBuild): DerivedPath {
  return { kind: "built", drvPath, outputs };
}

const NOTHING: KnownOutputs = new Map();
