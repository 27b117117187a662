import type { RealiseReport, RealiseRequest } from "#build/engine/realise-request.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import type { BuildEvent } from "#build/events.ts";
import type { Settings } from "#nix/settings.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Estimates } from "#schedule/estimate.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import type { Foreman } from "../foreman.ts";

/** What the settings that Nix sent come to. */
export interface HookClient {
  readonly settings: Settings;
  readonly sites: readonly BuildSite[];
  readonly foreman: Foreman;
  readonly driven: Pick<
    RealiseRequest,
    "scheduler" | "policy" | "alwaysSubstitutes" | "buildersUseSubstitutes" | "health" | "clock"
  >;
  readonly observe: (event: BuildEvent) => void;
  /** What builds of these names will take. */
  readonly estimatesOf: (names: Iterable<string>) => Promise<Estimates>;
  /** Makes a request true, and keeps its record; `say` is told, in sentences, what Nix's user should know. */
  readonly realise: (request: RealiseRequest, say: (text: string) => void) => Promise<RealiseReport>;
  readonly buildSettings: BuildSettings;
  /** Nix's own store, for the time of one build. */
  openStore(): Promise<HookStore>;
}

/** The store that a build is for. */
export interface HookStore extends AsyncDisposable {
  readonly store: Store;
  /** Whoever asks holds the locks of these paths, until it is disposed. */
  assumeLocked(paths: readonly StorePath[]): Disposable;
}
