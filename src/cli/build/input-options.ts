import type { ResolvedSettings } from "#nix/settings.ts";
import type { Store } from "#store/store.ts";
import type { BuildFlags } from "./build-flags.ts";

/** What somebody wants built, as they said it, and where it is looked for. */
export interface InputOptions {
  readonly installables: readonly string[];
  readonly flags: BuildFlags;
  readonly settings: ResolvedSettings;
  readonly destination: Store;
  readonly evalStore: Store | undefined;
}
