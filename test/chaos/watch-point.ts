import { type FSWatcher, readdirSync, watch } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** A moment at which to strike. */
export type Moment =
  | { readonly kind: "after"; readonly ms: number }
  /** The `count`th time that something appears in the folder, or in a scratch folder of the store there. */
  | { readonly kind: "change"; readonly folder: string; readonly count: number };

/** Waits for the moment; for a change no longer than until `ended` resolves. */
export async function reach(moment: Moment, ended: Promise<unknown>): Promise<void> {
  if (moment.kind === "after") {
    const stop = new AbortController();
    const time = setTimeout(moment.ms, undefined, { signal: stop.signal }).catch(() => undefined);
    await Promise.race([time, ended]);
    stop.abort();
    return;
  }
  const changes = new Changes(moment.folder, moment.count);
  await Promise.race([changes.reached, ended]);
  changes.close();
}

/** Counts names that come and go in a store directory and in the scratch areas that appear in it. */
class Changes {
  readonly reached: Promise<void>;
  readonly #watchers = new Map<string, FSWatcher>();
  #left: number;
  #reach: () => void = () => undefined;

  constructor(folder: string, count: number) {
    this.#left = count;
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    this.#watch(folder);
    for (const name of readdirSync(folder)) this.#enter(folder, name);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, (_, name) => this.#saw(folder, name ?? ""));
      watcher.on("error", () => undefined);
      this.#watchers.set(folder, watcher);
    } catch {
      // It was gone already.
    }
  }

  #saw(folder: string, name: string): void {
    this.#enter(folder, name);
    if (--this.#left <= 0) this.#reach();
  }

  #enter(folder: string, name: string): void {
    if (name.endsWith(SCRATCH)) this.#watch(`${folder}/${name}`);
  }
}

const SCRATCH = "-elsewhere-scratch";
