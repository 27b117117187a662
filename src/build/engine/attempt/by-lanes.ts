import type { BuildResult } from "#nix/build-result.ts";
import type { BuildLane } from "#store/build-lane.ts";
import { RemoteError } from "#wire/daemon/remote-error.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { resolveInputs } from "../plan/resolve.ts";
import { isDistrust, judgeResult } from "../verdict/verdict.ts";
import {
  type Asking,
  announceInputs,
  fetchInputs,
  laneOptions,
  realiseOptions,
  refusedResult,
  type Where,
} from "./asking.ts";
import type { AttemptContext } from "./attempt-context.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { withOwnTimes } from "./own-times.ts";

/** A lane for `builds`; undefined where there is none, or where the paths of their outputs are not known before they are made. */
export async function laneFor(
  builds: readonly PlannedBuild[],
  active: ActiveSite,
  context: AttemptContext,
): Promise<BuildLane | undefined> {
  const isFixed = ({ drvPath, derivation }: PlannedBuild) =>
    context.outputsOf(drvPath).size === derivation.outputs.size;
  return builds.every(isFixed) ? await openLane(active, context) : undefined;
}

/** Asks for many builds one by one, each with its inputs as they are: by as many lanes as its builder has slots for them. */
export async function buildByLanes(
  builds: readonly PlannedBuild[],
  active: ActiveSite,
  { context, onResult, lane: first }: Asking & { readonly lane: BuildLane },
): Promise<void> {
  const { settings, clock } = context;
  const made = new Set(builds.flatMap(({ drvPath }) => [...context.outputsOf(drvPath).values()]));
  const lanes = new Lanes(builds, first, {
    lanesMax: settings.maxJobs ?? active.site.traits.maxJobs,
    open: () => openLane(active, context),
    feed: async (build) => {
      const { inputSources } = resolveInputs(
        build.derivation,
        active.connected.store.storeDir,
        context.outputsOf,
      );
      const inputs = inputSources.filter((path) => !made.has(path));
      await fetchInputs(inputs, [build], { active, context });
      await active.feeder.need(inputs);
      announceInputs("inputs-sent", [build], { active, context });
    },
    ask: (build, lane) => askLane(build, lane, { active, context }),
    settle: onResult,
    isFinal: ({ drvPath }, result) => judgeResult(result, context.tailOf(drvPath)).kind === "failure",
    keepGoing: settings.keepGoing ?? false,
    clock,
  });
  await lanes.run();
}

/** What a builder says of one build is that build's result, whatever it is; but one that does not trust us is asked in another way. */
async function askLane(
  { drvPath, derivation }: PlannedBuild,
  lane: Lane,
  { active, context }: Where,
): Promise<BuildResult> {
  const { clock, outputsOf } = context;
  let begunMs = clock.now();
  const onBegin = () => {
    begunMs = clock.now();
    lane.began();
  };
  using fetches = context.fetches.into(active.site.traits.name, drvPath);
  const about = { only: drvPath, together: true, onBegin, fetches: fetches.take };
  const { log } = realiseOptions(active, context, about);
  const basic = resolveInputs(derivation, active.connected.store.storeDir, outputsOf);
  try {
    const result = await lane.way.buildDerivation(drvPath, basic, log);
    return withOwnTimes(result, begunMs, clock.now());
  } catch (error) {
    if (!(error instanceof RemoteError) || isDistrust(error)) throw error;
    return refusedResult(error);
  }
}

async function openLane(active: ActiveSite, context: AttemptContext): Promise<BuildLane | undefined> {
  return await active.connected.realiser.openLane?.(laneOptions(active, context));
}
