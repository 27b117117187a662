import type { Clock } from "#base/clock.ts";
import type { BuildSite, ConnectedSite } from "#build/engine/site/site.ts";

export interface KeptSitesOptions {
  readonly clock: Clock;
  /** How long a connection that nobody uses is kept. */
  readonly idleMs: number;
}

/** Connections to builders that outlast the runs that use them: each is made once, shared, and closed when idle. */
export class KeptSites implements AsyncDisposable {
  readonly #options: KeptSitesOptions;
  readonly #kept = new Map<string, KeptConnection>();

  constructor(options: KeptSitesOptions) {
    this.#options = options;
  }

  /** `site`, with its connection shared by all that are kept under the same `key`. */
  keep(key: string, site: BuildSite): BuildSite {
    return { ...site, connect: (signal) => this.#connect(key, site, signal) };
  }

  /** A run lost this builder: the next one connects anew. Who uses the connection now goes on with it. */
  discard(builder: string): void {
    for (const [key, kept] of this.#kept)
      if (kept.builder === builder) {
        this.#kept.delete(key);
        kept.retire();
      }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(all.map((kept) => kept.close()));
  }

  async #connect(key: string, site: BuildSite, signal: AbortSignal): Promise<ConnectedSite> {
    signal.throwIfAborted();
    let kept = this.#kept.get(key);
    if (!kept) {
      kept = new KeptConnection(site, { ...this.#options, onIdle: () => this.#forget(key, kept!) });
      this.#kept.set(key, kept);
    }
    try {
      return await kept.lease(signal);
    } catch (error) {
      // Who asks next tries anew; one that only stopped waiting leaves the others what they wait for.
      if (!signal.aborted) this.#forget(key, kept);
      throw error;
    }
  }

  #forget(key: string, kept: KeptConnection): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
    kept.retire();
  }
}

class KeptConnection {
  readonly builder: string;
  readonly #options: KeptSitesOptions & { readonly onIdle: () => void };
  readonly #closing = new AbortController();
  readonly #connected: Promise<ConnectedSite>;
  #users = 0;
  #isRetired = false;
  #idle: AbortController | undefined;

  constructor(site: BuildSite, options: KeptSitesOptions & { readonly onIdle: () => void }) {
    this.builder = site.traits.name;
    this.#options = options;
    this.#connected = site.connect(this.#closing.signal);
    this.#connected.catch(() => undefined);
  }

  async lease(signal: AbortSignal): Promise<ConnectedSite> {
    this.#users++;
    this.#idle?.abort();
    let isHeld = true;
    const release = async () => {
      if (isHeld) this.#release();
      isHeld = false;
    };
    try {
      const connected = await unlessAborted(this.#connected, signal);
      return { ...connected, [Symbol.asyncDispose]: release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** No one will lease it again: it goes with its last user. */
  retire(): void {
    this.#isRetired = true;
    if (this.#users === 0) void this.close();
  }

  async close(): Promise<void> {
    this.#idle?.abort();
    this.#closing.abort(new Error("the connection is not kept any longer"));
    const connected = await this.#connected.catch(() => undefined);
    await connected?.[Symbol.asyncDispose]();
  }

  #release(): void {
    this.#users--;
    if (this.#users > 0) return;
    if (this.#isRetired) void this.close();
    else void this.#waitIdle();
  }

  async #waitIdle(): Promise<void> {
    const idle = new AbortController();
    this.#idle = idle;
    const isOver = await this.#options.clock.sleep(this.#options.idleMs, idle.signal).then(
      () => true,
      () => false,
    );
    if (isOver && this.#users === 0) this.#options.onIdle();
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    promise.catch(() => undefined);
  }
}
