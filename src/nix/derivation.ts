import type { ContentAddress, ContentAddressMethod } from "./content-address.ts";
import type { HashAlgorithm } from "./hash.ts";
import type { StorePath } from "./store-path.ts";

/** How an output gets its path. Source: Nix manual, "Derivation outputs". */
export type DerivationOutput =
  | { readonly kind: "input-addressed"; readonly path: StorePath }
  | { readonly kind: "fixed"; readonly address: ContentAddress }
  | { readonly kind: "floating"; readonly method: ContentAddressMethod; readonly algorithm: HashAlgorithm }
  /** Its path will be known when floating inputs are. */
  | { readonly kind: "deferred" }
  | { readonly kind: "impure"; readonly method: ContentAddressMethod; readonly algorithm: HashAlgorithm };

/** Outputs of an input derivation that are needed, and of what those outputs build (dynamic derivations). */
export interface InputOutputs {
  /** Sorted. */
  readonly outputs: readonly string[];
  readonly dynamic: ReadonlyMap<string, InputOutputs>;
}

/** A derivation whose inputs are store paths: what a builder needs. Maps iterate in byte order of their keys. */
export interface BasicDerivation {
  /** Name without `.drv`. */
  readonly name: string;
  readonly outputs: ReadonlyMap<string, DerivationOutput>;
  /** Sorted. */
  readonly inputSources: readonly StorePath[];
  readonly system: string;
  readonly builder: string;
  readonly args: readonly string[];
  /** Holds the raw `__json` where there are structured attributes. */
  readonly env: ReadonlyMap<string, string>;
}

/** A derivation as a `.drv` file holds it. */
export interface Derivation extends BasicDerivation {
  readonly inputDerivations: ReadonlyMap<StorePath, InputOutputs>;
}
