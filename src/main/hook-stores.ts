import type { Clock } from "#base/clock.ts";
import type { Settings } from "#nix/settings.ts";
import type { HookStore } from "#resident/hook/hook-client.ts";
import { LocalStore } from "#store/local/local-store.ts";
import type { Store } from "#store/store.ts";
import { plainOptions } from "./local-store-options.ts";
import { openStore } from "./open-store.ts";

interface Opened {
  readonly store: Promise<Store>;
  users: number;
  /** How often it was asked for. */
  leases: number;
}

/** The stores for which builds are under way: each is open once, as long as somebody uses it and a little longer. */
export class HookStores implements AsyncDisposable {
  readonly #open = new Map<string, Opened>();
  readonly #closing = new AbortController();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nix's own store, as the settings that it sent and its environment have it. */
  async lease(settings: Settings, env: NodeJS.ProcessEnv): Promise<HookStore> {
    const options = plainOptions(settings);
    const key = JSON.stringify([settings.store, options, ...PLACES.map((name) => env[name])]);
    const opened = this.#open.get(key) ?? {
      store: openStore(settings.store, { env, local: options }),
      users: 0,
      leases: 0,
    };
    this.#open.set(key, opened);
    opened.users++;
    const lease = ++opened.leases;
    const release = async () => {
      opened.users--;
      void this.#closeUnused(key, opened, lease);
    };
    try {
      const store = await opened.store;
      return {
        store,
        assumeLocked: (paths) =>
          store instanceof LocalStore ? store.outputs.assumeLocked(paths) : NOTHING_HELD,
        [Symbol.asyncDispose]: release,
      };
    } catch (error) {
      opened.users--;
      this.#open.delete(key);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(
      all.map(async ({ store }) => (await store.catch(() => undefined))?.[Symbol.asyncDispose]()),
    );
  }

  async #closeUnused(key: string, opened: Opened, lease: number): Promise<void> {
    const isOver = await this.#clock.sleep(LINGER_MS, this.#closing.signal).then(
      () => true,
      () => false,
    );
    if (!isOver || opened.users > 0 || opened.leases > lease || this.#open.get(key) !== opened) return;
    this.#open.delete(key);
    await (await opened.store)[Symbol.asyncDispose]();
  }
}

/** The next build of a graph comes at once. What a store keeps from the collector is kept for as long as it is open. */
const LINGER_MS = 3000;
const PLACES = ["NIX_STORE_DIR", "NIX_STATE_DIR", "NIX_LOG_DIR", "NIX_DAEMON_SOCKET_PATH"];
const NOTHING_HELD: Disposable = { [Symbol.dispose]: () => undefined };
