import { ElsewhereError, messageOf } from "#base/errors.ts";
import { BARE_RESULT, type BuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { LaneOptions, RealiseOptions } from "#store/realiser.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { type LogReaderOptions, readLog } from "./log-reader.ts";

/** How builds are asked for. */
export interface Asking {
  readonly context: AttemptContext;
  readonly onResult: OnResult;
  /** Told that a builder has been asked for a build alone: it begins now, whether it says so or not. */
  readonly onAsked: (drvPath: StorePath) => void;
}

/** Told about each build of an attempt as soon as its end is known. */
export type OnResult = (build: PlannedBuild, result: BuildResult) => void;

/** Has the destination take what only its caches have, to be sent on from there. */
export async function fetchInputs(
  paths: readonly StorePath[],
  builds: readonly PlannedBuild[],
  { active, context }: Where,
): Promise<void> {
  const isAwaited = context.mustFetch(paths);
  if (isAwaited) announceInputs("inputs-awaited", builds, { active, context });
  await context.substitute(paths);
  if (isAwaited) announceInputs("inputs-fetched", builds, { active, context });
}

/** Where builds are asked for. */
export interface Where {
  readonly active: ActiveSite;
  readonly context: AttemptContext;
}

export function announceInputs(
  kind: "inputs-awaited" | "inputs-fetched" | "inputs-sent",
  builds: readonly PlannedBuild[],
  { active, context: { events, clock } }: Where,
): void {
  const about = { builder: active.site.traits.name, atMs: clock.now() };
  for (const { drvPath } of builds) events({ kind, drvPath, ...about });
}

/** What goes with a request for builds, whose words become events. */
export function realiseOptions(
  active: ActiveSite,
  context: AttemptContext,
  about: Pick<LogReaderOptions, "only" | "together" | "onBegin" | "onEnd" | "fetches">,
): RealiseOptions {
  const { events, clock } = context;
  const now = () => clock.now();
  const { storeDir } = active.connected.store;
  const log = readLog({ storeDir, builder: active.site.traits.name, events, now, ...about });
  return { ...laneOptions(active, context), log };
}

/** What holds for any number of requests. */
export function laneOptions({ site }: ActiveSite, { settings, signal }: AttemptContext): LaneOptions {
  return { mode: "normal", settings: { maxJobs: site.traits.maxJobs, ...settings }, signal };
}

/** The error as a result, for one build of a request that was refused as a whole. */
export function refusedResult(error: unknown): BuildResult {
  const hint = error instanceof ElsewhereError && error.hint ? `\n${error.hint}` : "";
  return { ...BARE_RESULT, status: "MiscFailure", errorMessage: messageOf(error) + hint };
}
