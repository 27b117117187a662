import type { Clock } from "#base/clock.ts";
import type { ElsewhereError } from "#base/errors.ts";
import type { Permit } from "#base/semaphore.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivationOptions } from "#nix/derivation-options.ts";
import type { Hash } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import type { LocalBuildSettings } from "./settings.ts";
import type { Trash } from "./trash.ts";

/** What all builds of a machine share. */
export interface BuildSite {
  readonly store: LocalStore;
  readonly settings: LocalBuildSettings;
  readonly sandbox: Sandbox;
  /** Why it is none, where builds were to have one. */
  readonly whyPlain?: ElsewhereError | undefined;
  /** For derivations that ask to be built without one. */
  readonly plain: Sandbox;
  readonly clock: Clock;
  readonly trash: Trash;
}

/** One derivation to build. */
export interface BuildJob {
  readonly drvPath: StorePath;
  readonly derivation: BasicDerivation;
  readonly options: DerivationOptions;
  /** Under which realisations of its outputs are known. */
  readonly drvHash: Hash;
  readonly request: RealiseOptions;
  /** That it may run: one of as many as the machine runs at once. */
  readonly permit: Permit;
}
