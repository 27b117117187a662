import { lstatSync, opendirSync, unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ElsewhereError, unreachable } from "#base/errors.ts";
import { hashPartOf, parseStorePath, type StorePath } from "#nix/store-path.ts";
import type { GcOptions, GcResult } from "../../store.ts";
import type { StoreContext } from "../context.ts";
import { lock } from "../lock/flock.ts";
import { Disposal } from "./disposal.ts";
import { listenForRoots } from "./gc-socket.ts";
import { findLeftovers } from "./leftovers.ts";
import { Liveness } from "./liveness.ts";
import { permanentRoots } from "./roots.ts";
import { runtimeRoots } from "./runtime-roots.ts";
import { readTempRoots } from "./temp-roots.ts";

/**
 * Finds or deletes what no root keeps. One collector runs at a time, of ours or of Nix; others may add paths
 * and roots meanwhile: what they tell of on the socket is kept. Killed at any moment, it leaves a store
 * that is whole, and garbage for the next run.
 */
export async function collectGarbage(store: StoreContext, options: GcOptions): Promise<GcResult> {
  store.checkWritable();
  // Before the lock: it keeps our own scratch area, and makes it before anyone looks for garbage.
  const scratch = await store.scratch();
  const gcLock = await lock(`${store.layout.stateDir}/gc.lock`, "exclusive");
  try {
    const collection = new Collection(store, options);
    await using _ = await listenForRoots(store.layout.stateDir, (printed) => collection.keepPrinted(printed));
    const result = await collection.run();
    // Who has collected may look whether anything is left.
    scratch.fold();
    return result;
  } finally {
    gcLock.release();
  }
}

class Collection {
  readonly #store: StoreContext;
  readonly #options: GcOptions;
  /** Roots told of while the graph is not loaded yet. */
  readonly #told: string[] = [];
  /** Hash parts of temporary roots, which keep what has no row yet: lock files, builds, half-made paths. */
  readonly #tempHashParts = new Set<string>();
  #liveness: Liveness | undefined;

  constructor(store: StoreContext, options: GcOptions) {
    this.#store = store;
    this.#options = options;
  }

  keepPrinted(printed: string): void {
    if (!this.#liveness) {
      this.#told.push(printed);
      return;
    }
    try {
      const path = parseStorePath(this.#store.layout.storeDir, printed);
      this.#tempHashParts.add(hashPartOf(path));
      this.#liveness.keep(path);
    } catch {
      // Whatever was told, it is no store path and keeps nothing.
    }
  }

  async run(): Promise<GcResult> {
    const liveness = this.#findLive();
    const { action } = this.#options;
    switch (action) {
      case "return-live":
        return this.#found(liveness.live());
      case "return-dead":
        return this.#found([...liveness.dead(), ...findLeftovers(this.#store, this.#tempHashParts)]);
      case "delete-specific":
        return await this.#delete(this.#specific(liveness), []);
      case "delete-dead":
        return await this.#delete(liveness.dead(), findLeftovers(this.#store, this.#tempHashParts));
      default:
        return unreachable(action);
    }
  }

  #findLive(): Liveness {
    const { settings, layout } = this.#store;
    // Deleting by name against all roots must not spread to outputs and derivers.
    const isForced = this.#options.action === "delete-specific" && this.#options.ignoreLiveness === true;
    const liveness = new Liveness(this.#store, {
      keepOutputs: settings.keepOutputs && !isForced,
      keepDerivations: settings.keepDerivations && !isForced,
    });
    this.#liveness = liveness;
    if (!this.#options.ignoreLiveness) {
      for (const path of permanentRoots(this.#store).values()) liveness.keep(path);
      for (const [, path] of runtimeRoots(this.#store)) liveness.keep(path);
    }
    for (const roots of readTempRoots(layout.stateDir).values())
      for (const root of roots) this.keepPrinted(root);
    for (const root of this.#told) this.keepPrinted(root);
    return liveness;
  }

  /** The paths asked for, in an order in which they can be deleted. */
  #specific(liveness: Liveness): StorePath[] {
    const asked = new Set(this.#options.paths ?? []);
    for (const path of asked) {
      const alive = [...liveness.referrersOf([path]), path].find(
        (each) => liveness.isLive(each) || !asked.has(each),
      );
      if (alive === undefined) continue;
      throw new ElsewhereError(
        "STILL_ALIVE",
        `Cannot delete path '${this.#store.print(path)}' since it is still alive`,
        {
          hint: `'${this.#store.print(alive)}' ${alive === path ? "is kept by a root" : "refers to it"}; elsewhere gc --print-roots shows the roots`,
        },
      );
    }
    const order = liveness.dead().filter((path) => asked.has(path));
    const invalid = [...asked].filter((path) => !this.#store.paths.isValid(path));
    return [...order, ...invalid];
  }

  async #delete(paths: readonly StorePath[], leftovers: readonly string[]): Promise<GcResult> {
    const disposal = new Disposal(this.#store, (path) => this.#isKept(path));
    const limit = this.#options.bytesMax ?? Number.POSITIVE_INFINITY;
    const isFull = () => disposal.bytesFreed > limit;
    // Known garbage first: it costs nobody a rebuild.
    for (const name of leftovers) {
      if (isFull()) break;
      await disposal.deleteLeftover(name, this.#tempHashParts);
    }
    const step = Number.isFinite(limit) ? 1 : PATHS_AT_ONCE;
    for (let from = 0; from < paths.length && !isFull(); from += step) {
      disposal.deletePaths(paths.slice(from, from + step));
      await setImmediate();
    }
    await this.#sweepLinks();
    return {
      paths: [...disposal.deleted].map((name) => this.#store.print(name as StorePath)),
      bytesFreed: disposal.bytesFreed,
    };
  }

  #isKept(path: StorePath): boolean {
    return this.#liveness!.isLive(path) || this.#tempHashParts.has(hashPartOf(path));
  }

  /** Deletes the files in `.links` that no path shares any more. Their bytes were counted with the last path. */
  async #sweepLinks(): Promise<void> {
    if (!lstatSync(this.#store.linksDir, { throwIfNoEntry: false })) return;
    using links = opendirSync(this.#store.linksDir);
    for (let entry = links.readSync(), seen = 1; entry; entry = links.readSync(), seen++) {
      const link = `${this.#store.linksDir}/${entry.name}`;
      const stats = lstatSync(link, { throwIfNoEntry: false });
      if (stats?.nlink === 1) unlinkSync(link);
      if (seen % LINKS_AT_ONCE === 0) await setImmediate();
    }
  }

  #found(names: readonly string[]): GcResult {
    return { paths: names.map((name) => this.#store.print(name as StorePath)), bytesFreed: 0 };
  }
}

/** Paths deleted in one transaction, between which others get their turn. */
const PATHS_AT_ONCE = 64;
const LINKS_AT_ONCE = 1000;
