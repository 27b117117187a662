import type { Clock } from "#base/clock.ts";
import type { Rests } from "#base/rests.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Estimates } from "#schedule/estimate.ts";
import type { Policy, Scheduler } from "#schedule/schedule.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { BuildEventSink, BuildOutcome, Origin } from "../events.ts";
import type { OutputGate } from "./output-gate.ts";
import type { KnownOutputs } from "./plan/known-outputs.ts";
import type { Wish } from "./plan/plan.ts";
import type { BuilderHealth } from "./site/builder-book.ts";
import type { BuildSite, Holder, SiteProbe } from "./site/site.ts";
import type { SlotShare } from "./site/slot-share.ts";

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
