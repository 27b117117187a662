import type { Clock } from "#base/clock.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import type { BuildEventSink } from "../../events.ts";
import type { Fetches } from "../feed/fetches.ts";
import type { Whereabouts } from "../feed/whereabouts.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";

/** What every attempt of a run shares. */
export interface AttemptContext {
  readonly settings: BuildSettings;
  readonly signal: AbortSignal;
  readonly events: BuildEventSink;
  readonly clock: Clock;
  readonly whereabouts: Whereabouts;
  readonly outputsOf: (drvPath: StorePath) => KnownOutputs;
  /** Tells a store which derivations its paths are outputs of, where only builds tell that. */
  readonly tellRealisations: (store: Store, paths: readonly StorePath[]) => Promise<void>;
  readonly fetches: Fetches;
  /** Whether any of `paths` must be fetched first. */
  readonly mustFetch: (paths: readonly StorePath[]) => boolean;
  /** The last lines of a build's log. */
  readonly tailOf: (drvPath: StorePath) => readonly string[];
  /** Fetches those of `paths` that only a binary cache of the destination has. */
  readonly substitute: (paths: readonly StorePath[]) => Promise<void>;
}
