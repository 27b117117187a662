import { ElsewhereError } from "#base/errors.ts";
import { arriving } from "#nix/path-info.ts";
import type { Realisation } from "#nix/realisation.ts";
import type { IncomingPath, QueryableStore, Store } from "#store/store.ts";
import { MAX_BUILD_MEMORY } from "#wire/daemon/client-settings.ts";

/**
 * What a client may do, and what its word is worth: all that depends on whether it is trusted. Who is trusted
 * may do with the store what root may. Anyone else may bring what proves itself, by its name or by a trusted
 * signature. Source: Nix, `daemon.cc`; `test/contract/client-rights.ts` compares, and says where ours is stricter.
 */
export class ClientRights {
  readonly isTrusted: boolean;

  constructor(isTrusted: boolean) {
    this.isTrusted = isTrusted;
  }

  /** Throws unless the client may do this. */
  demand(privilege: Privilege): void {
    if (this.isTrusted) return;
    const { message, hint } = REFUSALS[privilege];
    throw new ElsewhereError("NOT_TRUSTED", message, hint === undefined ? {} : { hint });
  }

  /** Whether the client may set this, in place of what nix.conf says, for its connection. */
  maySet(name: string, value: string): boolean {
    return this.isTrusted || OPEN_SETTINGS.has(name) || (name === "builders" && value === "");
  }

  /**
   * Adds paths that the client sends. Their derivers and registration times are anybody's to say: nothing is
   * decided by them.
   */
  async addPaths(store: Store, paths: AsyncIterable<IncomingPath>, wish: AdditionWish = {}): Promise<void> {
    const { repair = false, withoutSignatures = false } = wish;
    if (repair) this.demand("repair");
    if (this.isTrusted) return await store.addPaths(paths, { repair, checkSignatures: !withoutSignatures });
    if (!store.checksSignatures) this.demand("add to a store that checks nothing");
    await store.addPaths(withoutPrivileges(paths), { checkSignatures: true });
  }

  /** Notes a realisation that the client knows of. Which path an output is, nothing but a signature vouches for. */
  async registerRealisation(
    store: Pick<QueryableStore, "registerRealisation">,
    realisation: Realisation,
  ): Promise<void> {
    await store.registerRealisation(realisation, { checkSignatures: !this.isTrusted });
  }
}

/** How a client wants paths to be added. */
export interface AdditionWish {
  /** Write them again although they are valid. */
  readonly repair?: boolean;
  /** Take them unsigned. */
  readonly withoutSignatures?: boolean;
}

/** What only a trusted client may do. */
export type Privilege =
  /** What is repaired may be in use meanwhile. */
  | "repair"
  | "repair the store"
  | "add a build log"
  | "make a permanent root"
  /** The path of an input-addressed output says nothing of what is in it. */
  | "build an input-addressed derivation"
  | "add to a store that checks nothing";

/** Wording: Nix, where it knows the privilege. */
const REFUSALS: Record<Privilege, { readonly message: string; readonly hint?: string }> = {
  repair: { message: "repairing is not allowed because you are not in 'trusted-users'" },
  "repair the store": { message: "you are not privileged to repair paths" },
  "add a build log": { message: "you are not privileged to add logs" },
  "make a permanent root": {
    message: "you are not privileged to create perm roots",
    hint: "You can just do this client-side without special privileges, and probably want to do that instead",
  },
  "build an input-addressed derivation": {
    message: "you are not privileged to build input-addressed derivations",
    hint: "Send the .drv files and build those, or have this user added to 'trusted-users' in the nix.conf of the builder",
  },
  "add to a store that checks nothing": {
    message: "you are not privileged to add paths to this store: it takes them without a look at signatures",
    hint: "Have this user added to 'trusted-users' in the nix.conf of the server, or start the server with --force-trusted",
  },
};

/** What anyone may set for a connection. Source: Nix, `ClientSettings::apply`; the limit of memory is ours. */
const OPEN_SETTINGS: ReadonlySet<string> = new Set([
  "timeout",
  "build-timeout",
  "max-silent-time",
  "build-max-silent-time",
  "build-poll-interval",
  "poll-interval",
  "connect-timeout",
  MAX_BUILD_MEMORY,
]);

async function* withoutPrivileges(paths: AsyncIterable<IncomingPath>): AsyncGenerator<IncomingPath> {
  for await (const { info, nar } of paths) yield { info: arriving(info), nar };
}
