import type { StorePath } from "#nix/store-path.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";

/** A store with the name that people know it by. */
export interface Holder {
  readonly name: string;
  readonly store: Store;
}

/** A machine that can build; nothing is connected yet. */
export interface BuildSite {
  readonly traits: BuilderTraits;
  /** Where it is, as the machines file has it, without parameters; absent for this machine. */
  readonly uri?: string;
  /** Throws when it cannot be reached within its own time limit. */
  connect(signal: AbortSignal): Promise<ConnectedSite>;
}

/** A builder that answers. Its calls may be made at the same time. */
export interface ConnectedSite extends AsyncDisposable {
  readonly store: Store;
  readonly realiser: Realiser;
  /** Whether it takes our word for what paths hold; undefined when its protocol does not say. */
  readonly trusted: boolean | undefined;
  /** Of its Nix, and of the protocol, as it says. */
  readonly version?: string | undefined;
  readonly protocol?: string | undefined;
}

/** Remembers builders that did not answer, over runs. */
export interface BuilderHealth {
  /** Why a builder is not worth a try before `untilMs`; undefined when it is. */
  backOff(builder: string, nowMs: number): { readonly untilMs: number; readonly message: string } | undefined;
  failed(builder: string, nowMs: number, message: string): void;
  recovered(builder: string): void;
}

/** For runs that shall not remember. */
export const forgetfulHealth: BuilderHealth = {
  backOff: () => undefined,
  failed: () => undefined,
  recovered: () => undefined,
};

/** Outputs of a derivation by name; those whose path is not known yet are absent. */
export type KnownOutputs = ReadonlyMap<string, StorePath>;
