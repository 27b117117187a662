import { isDeepStrictEqual } from "node:util";
import { ElsewhereError, LimitError, messageOf } from "#base/errors.ts";
import type { Settings } from "#nix/settings.ts";
import type { StoreReference } from "#nix/store-reference.ts";
import { type ServableStore, type ServedStore, storeThatCan } from "#serve/served-store.ts";
import { LocalStore } from "#store/local/local-store.ts";
import type { Realiser } from "#store/realiser.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { connectUnixSocket } from "#transport/unix-socket.ts";
import { localStoreOptions, plainOptions } from "./local-store-options.ts";
import type { SharedOffload } from "./offload.ts";
import { openStore } from "./open-store.ts";

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
}

interface ServedSurroundings extends Surroundings {
  /** The settings when a client has changed some. Throws when a value is none. */
  readonly settingsWith: (overrides: ReadonlyMap<string, string>) => Settings;
  /** Told, in a sentence, what a person should know. */
  readonly report: (text: string) => void;
  /** What builds in place of the store itself. */
  readonly offloading?: SharedOffload | undefined;
  /** Who the client is. */
  readonly principal?: string | undefined;
}

/** A store that is served, and closed with the connection that it is for. */
export interface OpenedStore extends ServedStore, AsyncDisposable {
  /** Where its state lies, when that is on this machine's disk. */
  readonly stateDir: string | undefined;
}

/** Opens a store to serve. What builds is loaded when a client first wants something built. */
export async function openServedStore(
  reference: StoreReference,
  surroundings: ServedSurroundings,
): Promise<OpenedStore> {
  return await ConfiguredStore.open(reference, surroundings);
}

/** A store as one client has it: opened anew, once that client changes settings that the store goes by. */
class ConfiguredStore implements OpenedStore {
  readonly #reference: StoreReference;
  readonly #surroundings: ServedSurroundings;
  readonly #open = new AsyncDisposableStack();
  #settings: Settings;
  #openings = 0;
  #store!: ServableStore;
  #realiser: Promise<Realiser> | undefined;

  private constructor(reference: StoreReference, surroundings: ServedSurroundings) {
    this.#reference = reference;
    this.#surroundings = surroundings;
    this.#settings = surroundings.settings;
  }

  static async open(reference: StoreReference, surroundings: ServedSurroundings): Promise<ConfiguredStore> {
    const configured = new ConfiguredStore(reference, surroundings);
    await configured.#openStore();
    return configured;
  }

  get store(): ServableStore {
    return this.#store;
  }

  get knownSubstituters(): ReadonlySet<string> {
    const { substituters, "trusted-substituters": trusted } = this.#surroundings.settings;
    return new Set([...substituters, ...trusted]);
  }

  get stateDir(): string | undefined {
    return this.#store instanceof LocalStore ? this.#store.stateDir : undefined;
  }

  realiser(): Promise<Realiser> {
    this.#realiser ??= this.#openRealiser();
    return this.#realiser;
  }

  async #openRealiser(): Promise<Realiser> {
    const surroundings = { ...this.#surroundings, settings: featuresOf(this.#reference, this.#settings) };
    const store = this.#store;
    const { offloading, settings } = surroundings;
    if (!offloading) return await realiserOf(store, surroundings, this.#open);
    const { OffloadingRealiser } = await import("#resident/offloading-realiser.ts");
    let own: Promise<Realiser> | undefined;
    return new OffloadingRealiser({
      store: storeThatCan(store, "addBuildLog"),
      own: () => (own ??= realiserOf(store, surroundings, this.#open)),
      offload: offloading.offloadFor(store, { settings, principal: surroundings.principal ?? "unknown" }),
    });
  }

  async configure(overrides: ReadonlyMap<string, string>): Promise<string[]> {
    const faults: string[] = [];
    const before = this.#settings;
    const after = this.#settingsWith(overrides, faults);
    if (isDeepStrictEqual(before, after)) return faults;
    const isAnother = !isDeepStrictEqual(storeSettings(before), storeSettings(after));
    if (isAnother && this.#openings === OPENINGS_MAX)
      throw new LimitError("another change of what the store is opened with", OPENINGS_MAX + 1, OPENINGS_MAX);
    this.#settings = after;
    this.#realiser = undefined;
    if (isAnother) await this.#openStore();
    return faults;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }

  /** All that are values; what is wrong with the others is added to `faults`. */
  #settingsWith(overrides: ReadonlyMap<string, string>, faults: string[]): Settings {
    const { settingsWith } = this.#surroundings;
    try {
      return settingsWith(overrides);
    } catch {
      const sound = [...overrides].filter((entry) => {
        try {
          settingsWith(new Map([entry]));
          return true;
        } catch (error) {
          faults.push(messageOf(error));
          return false;
        }
      });
      return settingsWith(new Map(sound));
    }
  }

  /** Those opened before stay open: what the client was told to be kept is kept by them. */
  async #openStore(): Promise<void> {
    this.#openings++;
    const { env, report } = this.#surroundings;
    const settings = this.#settings;
    const timeoutS = settings["connect-timeout"];
    this.#store = await openStore(this.#reference, {
      env,
      local: () => localStoreOptions(settings, { env, report }),
      ...(timeoutS > 0 && { connectTimeoutS: timeoutS }),
    });
    this.#open.use(this.#store);
  }
}

/** How often a store is opened for one client: each takes descriptors, of which all clients have only so many. */
const OPENINGS_MAX = 32;

/** What a store is opened with. */
function storeSettings(settings: Settings): unknown {
  const { substitute, substituters, "connect-timeout": connectTimeout } = settings;
  return [plainOptions(settings), substitute && substituters, connectTimeout];
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
