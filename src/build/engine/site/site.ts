import type { PathInfo } from "#nix/path-info.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";

/** A store with the name that people know it by. */
export interface Holder {
  readonly name: string;
  readonly store: Store;
  /** How other builders have to do with it; absent where they have not. */
  readonly peer?: Peer;
}

/** A builder as other builders meet it. */
export interface Peer {
  /** The store's URI as another builder would name it; absent when no other builder shall connect to it. */
  readonly uri?: string;
  /** Has it send paths to another builder. Throws when it cannot. */
  readonly push?: (request: PushRequest) => Promise<void>;
}

export interface PushRequest {
  /** The other builder's `Peer.uri`. */
  readonly to: string;
  /** Each after what it refers to, in as far as the other lacks that. */
  readonly infos: readonly PathInfo[];
  /** Aborting it stops the sending. */
  readonly signal: AbortSignal;
}

/** A machine that can build; nothing is connected yet. */
export interface BuildSite {
  readonly traits: BuilderTraits;
  /** Where it is, as the machines file has it, without parameters; absent for this machine. */
  readonly uri?: string;
  /** Names the machine, and which store on it, in the same way in every run; the name of its traits where absent. */
  readonly key?: string;
  /** Begins to connect beside other work; the next `connect` goes on from there. Disposing it hangs up where none came. */
  prepare?(): AsyncDisposable;
  /** Throws when it cannot be reached within its own time limit. */
  connect(signal: AbortSignal): Promise<ConnectedSite>;
}

/** A builder that answers. Its calls may be made at the same time. */
export interface ConnectedSite extends AsyncDisposable {
  readonly store: Store;
  readonly realiser: Realiser;
  /** Whether it takes our word for what paths hold; undefined when its protocol does not say. */
  readonly trusted: boolean | undefined;
  readonly peer?: Peer;
  /** Of its Nix, and of the protocol, as it says. */
  readonly version?: string | undefined;
  readonly protocol?: string | undefined;
}

/** Whether a builder takes our word for what it does not see itself; assumed until it says no. */
export interface Trust {
  takesOurWord: boolean;
}

/** Finds out whether a builder builds, of one that lost too many builds, before it gets work again. Rejects where it does not answer. */
export type SiteProbe = (site: BuildSite, connected: ConnectedSite, signal: AbortSignal) => Promise<boolean>;

/** What a builder is called in what is remembered over runs. */
export function keyOf({ key, traits }: BuildSite): string {
  return key ?? traits.name;
}
