import { Deferred } from "#base/deferred.ts";
import type { ConnectedSite } from "#build/engine/site/site.ts";
import { type BuildResult, isSuccess, type KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { StorePath } from "#nix/store-path.ts";
import { copyClosure } from "#store/copy.ts";
import type { MissingPaths, RealiseOptions, Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";

/**
 * Builds that are under way on any builder, over all requests of one process. Who asks for one that runs already waits for
 * it, and sees its log from then on; it is stopped when nobody waits for it any longer.
 */
export class BuildsUnderWay {
  readonly #builds = new Map<StorePath, SharedBuild>();

  /** The builder, with its builds shared. */
  on(connected: ConnectedSite): ConnectedSite {
    return { ...connected, realiser: new SharingRealiser(connected, this.#builds) };
  }
}

class SharingRealiser implements Realiser {
  readonly #connected: ConnectedSite;
  readonly #builds: Map<StorePath, SharedBuild>;

  constructor(connected: ConnectedSite, builds: Map<StorePath, SharedBuild>) {
    this.#connected = connected;
    this.#builds = builds;
  }

  async buildDerivation(
    drvPath: StorePath,
    derivation: BasicDerivation,
    options: RealiseOptions,
  ): Promise<BuildResult> {
    const { store, realiser } = this.#connected;
    const outputs = [...staticOutputPaths(store.storeDir, derivation).values()];
    // What only a build tells may be another thing for another who asks.
    if (options.mode !== "normal" || outputs.includes(undefined))
      return await realiser.buildDerivation(drvPath, derivation, options);
    for (let other = this.#builds.get(drvPath); other; other = this.#builds.get(drvPath)) {
      const result = await other.join(options).catch(() => options.signal.throwIfAborted());
      if (!result) continue;
      if (isSuccess(result)) await bring(outputs as StorePath[], other.store, store);
      return isSuccess(result) ? { ...result, status: "AlreadyValid" } : result;
    }
    const own = new SharedBuild(store);
    this.#builds.set(drvPath, own);
    own.begin((shared) => realiser.buildDerivation(drvPath, derivation, { ...options, ...shared }));
    void own.ended.finally(() => this.#builds.delete(drvPath)).catch(() => undefined);
    return await own.join(options);
  }

  buildPaths(paths: readonly DerivedPath[], options: RealiseOptions): Promise<KeyedBuildResult[]> {
    return this.#connected.realiser.buildPaths(paths, options);
  }

  queryMissing(paths: readonly DerivedPath[]): Promise<MissingPaths> {
    return this.#connected.realiser.queryMissing(paths);
  }
}

/** One build, and all who wait for it. */
class SharedBuild {
  /** Where its outputs will be. */
  readonly store: Store;
  readonly #listeners = new Set<LogSink>();
  readonly #stop = new AbortController();
  readonly #result = new Deferred<BuildResult>();

  constructor(store: Store) {
    this.store = store;
  }

  get ended(): Promise<BuildResult> {
    return this.#result.promise;
  }

  begin(build: (shared: Pick<RealiseOptions, "signal" | "log">) => Promise<BuildResult>): void {
    const log: LogSink = (event) => {
      for (const listener of this.#listeners) listener(event);
    };
    build({ signal: this.#stop.signal, log }).then(this.#result.resolve, this.#result.reject);
  }

  /** Waits for its end, or until the one who waits has gone. */
  async join({ log, signal }: RealiseOptions): Promise<BuildResult> {
    signal.throwIfAborted();
    const gone = new Deferred<never>();
    const leave = () => gone.reject(signal.reason);
    const listener: LogSink = (event) => log(event);
    this.#listeners.add(listener);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([this.ended, gone.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop.abort(new Error("nobody waits for the build any longer"));
    }
  }
}

/** Has the outputs where the one who waited expects them. */
async function bring(outputs: readonly StorePath[], from: Store, to: Store): Promise<void> {
  if (from === to) return;
  const valid = await to.queryValidPaths(outputs);
  const missing = outputs.filter((path) => !valid.has(path));
  if (missing.length > 0) await copyClosure(from, to, missing, { checkSignatures: false });
}
