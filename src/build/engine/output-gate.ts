import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { KnownOutputs } from "./plan/known-outputs.ts";

/** Outputs that a build has made. */
export interface BuiltOutputs {
  readonly drvPath: StorePath;
  readonly derivation: Derivation;
  /** Those that are wanted. */
  readonly outputs: KnownOutputs;
  /** Holds them. */
  readonly store: Store;
}

/** Looks at what was built, before anything is made of it. */
export interface OutputGate {
  /**
   * Whether a build fails for what is wrong with its outputs. Then they are looked at on every builder, which sends
   * them over the line; else only what is on this machine is.
   */
  readonly refuses: boolean;
  /** What is wrong with the outputs of a build, in a sentence; undefined where nothing is. */
  check(built: BuiltOutputs): Promise<string | undefined>;
}
