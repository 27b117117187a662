import type { Clock } from "#base/clock.ts";
import type { Rests } from "#base/rests.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Estimates } from "#schedule/estimate.ts";
import type { Policy, Scheduler } from "#schedule/schedule.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { BuildEventSink, BuildOutcome, Origin } from "../events.ts";
import type { BuilderHealth } from "./builder-book.ts";
import { Execution } from "./execution.ts";
import type { OutputGate } from "./output-gate.ts";
import type { PlannedBuild, Wish } from "./plan.ts";
import { Run } from "./run.ts";
import type { BuildSite, Holder, KnownOutputs, SiteProbe } from "./site.ts";
import type { SlotShare } from "./slot-share.ts";
import type { Substitutable } from "./substitution.ts";

/** Everything that a run needs to know and to reach. */
export interface RealiseRequest {
  /** Every derivation that the wishes need, by its path. */
  readonly graph: ReadonlyMap<StorePath, Derivation>;
  readonly wishes: readonly Wish[];
  /** Holds the `.drv` files and the sources of the graph. */
  readonly drvStore: Holder;
  /** Where the wished outputs shall end. */
  readonly destination: Holder;
  readonly sites: readonly BuildSite[];
  readonly scheduler: Scheduler<unknown>;
  readonly policy: Policy;
  /** What builds of the same name took before; nothing is remembered where absent. */
  readonly estimates?: Estimates;
  readonly settings: BuildSettings;
  /** What comes to the destination: every output that is built, those that were wished for, or nothing. Wishes where absent. */
  readonly fetch?: FetchPolicy;
  /** The destination may take what it lacks from its own binary caches. */
  readonly substitute: boolean;
  /** Also what says `allowSubstitutes = false`: `always-allow-substitutes`. */
  readonly alwaysSubstitutes?: boolean;
  /** Builders may take inputs from their own binary caches. */
  readonly buildersUseSubstitutes: boolean;
  readonly health: BuilderHealth;
  /** Which builders do not reach which; remembered for this run only where absent. */
  readonly peerRests?: Rests;
  /** What outputs must pass; anything may where absent. */
  readonly gate?: OutputGate | undefined;
  /** How a builder is looked at that lost too many builds; whether it answers is all that is asked where absent. */
  readonly probe?: SiteProbe;
  /** Slots that are shared with other runs; with nobody where absent. */
  readonly slots?: SlotShare;
  readonly events: BuildEventSink;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const FETCH_POLICIES = ["all", "requested", "none"] as const;
export type FetchPolicy = (typeof FETCH_POLICIES)[number];

/** What became of a request. */
export interface RealiseReport {
  readonly outcomes: ReadonlyMap<StorePath, BuildOutcome>;
  /** By wished path. */
  readonly origins: ReadonlyMap<StorePath, Origin>;
  readonly outputsOf: (drvPath: StorePath) => KnownOutputs;
  /** Where wished outputs lie that were not to be brought home, by path. */
  readonly lies: ReadonlyMap<StorePath, string>;
  /** Every wished output is in the destination or, where nothing is to come there, in some store. */
  readonly complete: boolean;
}

/** Makes every wish true: finds what exists, builds the rest wherever it can be built, brings the outputs home. */
export async function realise(request: RealiseRequest): Promise<RealiseReport> {
  await using run = new Run(request);
  let builds = await firstPlan(run);
  let planned = { setbacks: run.setbacks, offers: run.lostOffers };
  run.announce(builds);
  const fetched = run.beside(run.fetchFor(builds));
  for (let round = 0; round < request.policy.attemptsMax; round++) {
    await Promise.all([fetched, builds.length > 0 && new Execution(run, builds).finish()]);
    if (builds.length > 0) await run.deliver();
    // A builder that goes away takes its outputs along: what is then missing again is planned anew.
    if (run.setbacks === planned.setbacks || run.complete()) break;
    if (run.lostOffers > planned.offers) await run.connect(run.plan());
    planned = { setbacks: run.setbacks, offers: run.lostOffers };
    builds = run.plan().filter(({ drvPath }) => !run.outcomes.hasFinalFailure(drvPath));
    if (builds.length === 0) break;
  }
  request.signal.throwIfAborted();
  run.conclude(builds);
  await run.passGate();
  return run.report();
}

/** What would be built, and what is there, without building: for `--dry-run`. */
export async function surveyOnly(request: RealiseRequest): Promise<Survey> {
  await using run = new Run(request);
  const builds = await firstPlan(run);
  return { builds, fetches: run.toFetch(builds), complete: run.complete() };
}

/** What would happen. */
export interface Survey {
  readonly builds: readonly PlannedBuild[];
  /** Paths that the destination would take from its caches, without what they refer to. */
  readonly fetches: Substitutable;
  readonly complete: boolean;
}

/** Asks near stores first, then caches, then builders: whoever can make further questions needless. */
async function firstPlan(run: Run): Promise<readonly PlannedBuild[]> {
  await run.survey();
  if (run.plan().length === 0) return [];
  await run.surveyCaches();
  const builds = run.plan();
  if (builds.length === 0) return builds;
  await run.connect(builds);
  return run.plan();
}
