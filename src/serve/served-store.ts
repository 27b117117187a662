import { ElsewhereError } from "#base/errors.ts";
import type { Realiser } from "#store/realiser.ts";
import type { CollectableStore, Store } from "#store/store.ts";
import type { SubstitutingStore } from "#store/substituter.ts";

/** A store with whatever it can do beyond what copying needs. */
export type ServableStore = Store &
  Partial<CollectableStore> &
  Partial<Pick<SubstitutingStore, "querySubstitutable">>;

/** What a client is given: a store, and what builds in it, which is loaded when a build is first asked for. */
export interface ServedStore {
  readonly store: ServableStore;
  realiser(): Promise<Realiser>;
  /** What a client that is not trusted may choose its substituters from. */
  readonly knownSubstituters?: ReadonlySet<string>;
  /** Takes over settings of nix.conf that the client may change, for its connection; a sentence for each that is no value. */
  configure?(overrides: ReadonlyMap<string, string>): Promise<string[]>;
}

type Extra = Exclude<keyof CollectableStore, keyof Store>;

/** The store, known to be able to do `operation`. Throws as Nix does where it cannot. */
export function storeThatCan<Operation extends Extra>(
  store: ServableStore,
  operation: Operation,
): ServableStore & Pick<CollectableStore, Operation> {
  if (typeof store[operation] !== "function")
    throw new ElsewhereError(
      "UNSUPPORTED",
      `operation '${operation}' is not supported by store '${store.uri}'`,
    );
  return store as ServableStore & Pick<CollectableStore, Operation>;
}
