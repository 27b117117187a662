import { ElsewhereError } from "#base/errors.ts";
import type { Settings } from "#nix/settings.ts";
import { parseStoreReference, type StoreReference } from "#nix/store-reference.ts";
import type { ServableStore, ServedStore } from "#serve/served-store.ts";
import { LocalStore } from "#store/local/local-store.ts";
import type { LocalStoreOptions } from "#store/local/settings.ts";
import type { Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { connectUnixSocket } from "#transport/unix-socket.ts";
import { openStore } from "./open-store.ts";

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
}

/** A store that is served, and closed with the connection that it is for. */
export interface OpenedStore extends ServedStore, AsyncDisposable {
  /** Where its state lies, when that is on this machine's disk. */
  readonly stateDir: string | undefined;
}

/** Opens a store to serve. What builds is loaded when a client first wants something built. */
export async function openServedStore(
  reference: StoreReference,
  { env, settings }: Surroundings,
): Promise<OpenedStore> {
  const local = localOptions(settings, await openSubstituters(settings, env));
  const store: ServableStore = await openStore(reference, {
    env,
    local,
    ...(settings["connect-timeout"] > 0 && { connectTimeoutS: settings["connect-timeout"] }),
  });
  const open = new AsyncDisposableStack();
  for (const owned of [...(local.substituters ?? []), store]) open.use(owned);
  let realiser: Promise<Realiser> | undefined;
  const surroundings = { env, settings: featuresOf(reference, settings) };
  return {
    store,
    stateDir: store instanceof LocalStore ? store.stateDir : undefined,
    realiser: () => {
      realiser ??= realiserOf(store, surroundings, open);
      return realiser;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The socket of the daemon behind `reference`, when there is nothing between the client and that daemon. */
export async function upstreamSocket(
  reference: StoreReference,
  env: NodeJS.ProcessEnv,
): Promise<ByteStream | undefined> {
  if (reference.scheme === "unix" && reference.params.size === 0)
    return await connectUnixSocket(reference.authority || daemonSocketPath(env));
  return undefined;
}

/** Where Nix's clients look for a daemon. */
export function daemonSocketPath(env: NodeJS.ProcessEnv): string {
  return env.NIX_DAEMON_SOCKET_PATH || `${env.NIX_STATE_DIR || "/nix/var/nix"}/daemon-socket/socket`;
}

async function realiserOf(
  store: ServableStore,
  surroundings: Surroundings,
  open: AsyncDisposableStack,
): Promise<Realiser> {
  if ("buildDerivation" in store) return store as unknown as Realiser;
  if (store instanceof LocalStore) {
    const { openLocalRealiser } = await import("./open-local-realiser.ts");
    return open.use(await openLocalRealiser(store, surroundings)).realiser;
  }
  throw new ElsewhereError("UNSUPPORTED", `operation 'buildPaths' is not supported by store '${store.uri}'`);
}

/** The settings, with what the store's URI says of the machine. */
function featuresOf({ params }: StoreReference, settings: Settings): Settings {
  const features = params.get("system-features");
  if (features === undefined) return settings;
  return { ...settings, "system-features": features.split(/\s+/).filter((feature) => feature !== "") };
}

function localOptions(settings: Settings, substituters: readonly Store[]): LocalStoreOptions {
  return {
    requireSigs: settings["require-sigs"],
    trustedPublicKeys: settings["trusted-public-keys"],
    autoOptimise: settings["auto-optimise-store"],
    keepOutputs: settings["keep-outputs"],
    keepDerivations: settings["keep-derivations"],
    fsyncMetadata: settings["fsync-metadata"],
    fsyncStorePaths: settings["fsync-store-paths"],
    compressBuildLog: settings["compress-build-log"],
    substituters,
  };
}

/** Those substituters that are stores of a kind we can read. */
async function openSubstituters(settings: Settings, env: NodeJS.ProcessEnv): Promise<Store[]> {
  if (!settings.substitute) return [];
  const known = settings.substituters
    .map((uri) => parseStoreReference(uri))
    .filter(({ scheme }) => SUBSTITUTER_SCHEMES.has(scheme));
  return await Promise.all(known.map((reference) => openStore(reference, { env })));
}

const SUBSTITUTER_SCHEMES: ReadonlySet<string> = new Set(["local", "unix", "ssh", "ssh-ng"]);
