import type { BuildSite, ConnectedSite, Peer } from "#build/engine/site/site.ts";
import { PeerPush } from "#build/remote/peer-push.ts";
import { peerUriOf, withoutPeerUri } from "#build/remote/peer-uri.ts";
import { UndelegatedRealiser } from "#build/remote/undelegated-realiser.ts";
import type { Machine } from "#nix/machine.ts";
import type { ResolvedSettings, Settings } from "#nix/settings.ts";
import type { StoreReference } from "#nix/store-reference.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import { LocalStore } from "#store/local/local-store.ts";
import type { Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import type { CommandHost } from "#transport/ssh-host.ts";
import { machineReference } from "./machine-reference.ts";
import { type BuildingStore, openBuildingStore } from "./open-store.ts";
import { CONNECT_TIMEOUT_S } from "./open-usual-store.ts";
import type { StoreContext } from "./store-context.ts";

/** A machine of the machines file as a builder. */
export function machineSite(
  machine: Machine,
  { settings }: ResolvedSettings,
  env: NodeJS.ProcessEnv = process.env,
): BuildSite {
  const reference = machineReference(machine);
  const peerUri = peerUriOf(reference);
  const asked = withoutPeerUri(reference);
  const open = async () => {
    const opened = await openBuilder(asked, {
      env,
      connectTimeoutS: settings["connect-timeout"] || CONNECT_TIMEOUT_S,
    });
    opened.store.prepare?.();
    return opened;
  };
  let prepared: ReturnType<typeof open> | undefined;
  return {
    uri: nameOf(machine.uri),
    key: machine.uri,
    traits: {
      name: nameOf(machine.uri),
      systems: machine.systems,
      supportedFeatures: machine.supportedFeatures,
      mandatoryFeatures: machine.mandatoryFeatures,
      maxJobs: machine.maxJobs,
      speedFactor: machine.speedFactor,
      local: false,
      takesGraphs: reference.scheme !== "ssh",
    },
    prepare() {
      prepared ??= open();
      prepared.catch(() => undefined);
      return {
        async [Symbol.asyncDispose]() {
          const unused = prepared;
          prepared = undefined;
          await (await unused?.catch(() => undefined))?.store[Symbol.asyncDispose]();
        },
      };
    },
    connect: async (signal) => {
      signal.throwIfAborted();
      const opening = prepared ?? open();
      prepared = undefined;
      const { store, host } = await opening;
      const connected = await greet(store, signal);
      const { version } = connected;
      const pushing = host && new PeerPush({ host, reference: asked, version, storeDir: store.storeDir });
      const push: Peer["push"] = pushing && ((request) => pushing.push(request));
      return {
        ...connected,
        peer: { ...(peerUri !== undefined && { uri: peerUri }), ...(push && { push }) },
        async [Symbol.asyncDispose]() {
          await pushing?.[Symbol.asyncDispose]();
          await connected[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** With the host that it is on, where commands can be run there. */
async function openBuilder(
  reference: StoreReference,
  context: StoreContext,
): Promise<{ store: BuildingStore; host?: CommandHost }> {
  if (reference.scheme !== "ssh" && reference.scheme !== "ssh-ng")
    return { store: await openBuildingStore(reference, context) };
  return (await import("./open-ssh-store.ts")).openHostedStore(reference, context);
}

/** What a store behind a protocol says of itself when it is greeted. */
interface Facts {
  readonly trusted?: boolean | undefined;
  readonly nixVersion?: string | undefined;
  readonly protocol?: string | undefined;
}

/** Says hello first, so that a builder that is not there is found out here. */
async function greet(store: Store & Realiser, signal: AbortSignal): Promise<ConnectedSite> {
  const close = () => void store[Symbol.asyncDispose]();
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    const facts = await (store as Store & { ping?(): Promise<Facts> }).ping?.();
    return {
      store,
      realiser: store,
      trusted: facts?.trusted,
      version: facts?.nixVersion,
      protocol: facts?.protocol,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** This machine, building into `store`. With `max-jobs` 0 nothing is ever built here. */
export function localSite(store: Store, { settings }: ResolvedSettings): BuildSite | undefined {
  const maxJobs = settings["max-jobs"];
  if (maxJobs === 0 || !(store instanceof LocalStore || "buildDerivation" in store)) return undefined;
  return {
    key: `here ${store.uri}`,
    traits: {
      name: "here",
      systems: [settings.system, ...settings["extra-platforms"]],
      supportedFeatures: ownFeatures(store, settings),
      mandatoryFeatures: [],
      maxJobs,
      speedFactor: 1,
      local: true,
      takesGraphs: store instanceof DaemonStore,
    },
    connect: () => connectHere(store, settings),
  };
}

/** Our own builder can always do content-addressed ones, Nix's where that is switched on. */
function ownFeatures(store: Store, settings: Settings): readonly string[] {
  const floats = store instanceof LocalStore || settings["experimental-features"].includes("ca-derivations");
  return floats ? [...settings["system-features"], "ca-derivations"] : settings["system-features"];
}

async function connectHere(store: Store, settings: Settings): Promise<ConnectedSite> {
  if (!(store instanceof LocalStore)) {
    const facts = await (store as Store & { ping?(): Promise<Facts> }).ping?.();
    // The store is its owner's to close.
    const dispose = { [Symbol.asyncDispose]: async () => undefined };
    const realiser = new UndelegatedRealiser(store as Store & Realiser);
    return { store, realiser, trusted: facts?.trusted, ...dispose };
  }
  const { openLocalRealiser } = await import("./open-local-realiser.ts");
  const opened = await openLocalRealiser(store, { env: process.env, settings });
  return {
    store,
    realiser: opened.realiser,
    trusted: true,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** A builder as people name it: its URI without the parameters. */
function nameOf(uri: string): string {
  return uri.split("?", 1)[0]!;
}
