import { type FSWatcher, watch } from "node:fs";
import { Deferred } from "#base/deferred.ts";

/** Tells when something changes in any of several folders. */
export class FolderWatch implements Disposable {
  readonly #watchers: readonly FSWatcher[];
  readonly #signal: AbortSignal;
  #changed = new Deferred<void>();
  readonly #timer: NodeJS.Timeout;

  /** Wakes up every `idleMs` even when nothing changes: that a process was killed is no change in a folder. */
  constructor(folders: readonly string[], { signal, idleMs }: { signal: AbortSignal; idleMs: number }) {
    this.#signal = signal;
    this.#watchers = folders.map((folder) => watch(folder, this.#wake).on("error", () => this.#wake()));
    this.#timer = setInterval(this.#wake, idleMs);
    signal.addEventListener("abort", this.#wake);
  }

  /** Resolves when something has changed since the last call. */
  async next(): Promise<void> {
    await this.#changed.promise;
    this.#changed = new Deferred();
    this.#signal.throwIfAborted();
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#wake);
    clearInterval(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
  }

  readonly #wake = (): void => this.#changed.resolve();
}
