import { mkdirSync, watch } from "node:fs";
import { type RunWatch, watchRun } from "#build/journal/run-door.ts";
import { runsFolder } from "#build/journal/run-folder.ts";
import type { SeenRun } from "#build/journal/run-list.ts";
import { LiveWindow } from "../progress/live-window.ts";
import type { Terminal } from "../terminal.ts";

export interface WatchOptions {
  readonly stateDir: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly list: () => Promise<readonly SeenRun[]>;
  readonly shown: (runs: readonly SeenRun[]) => string;
}

/** Shows the runs again whenever one begins, goes on or ends: in place on a terminal, else one after the other. */
export async function watchRuns(options: WatchOptions): Promise<void> {
  const { stateDir, terminal, signal, list, shown } = options;
  const folder = runsFolder(stateDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const news = new Bell(signal);
  const changes = watch(folder, { recursive: false }, () => news.ring());
  // On a terminal the times go on.
  const seconds = terminal.live ? setInterval(() => news.ring(), SECOND_MS).unref() : undefined;
  const window = terminal.live ? new LiveWindow((text) => terminal.error(text)) : undefined;
  const doors = new Doors(() => news.ring());
  let last = "";
  try {
    while (!signal.aborted) {
      const runs = await list();
      await doors.keep(runs);
      const text = shown(runs);
      const lines = text
        .trimEnd()
        .split("\n")
        .slice(0, terminal.rows() - 1);
      if (window) window.show([], lines, terminal.columns());
      else if (text !== last) await terminal.print(text);
      last = text;
      await news.rung();
    }
  } finally {
    clearInterval(seconds);
    changes.close();
    doors.close();
  }
}

/** Waits at the door of every run that goes on. */
class Doors {
  readonly #open = new Map<string, RunWatch>();
  readonly #tell: () => void;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  async keep(runs: readonly SeenRun[]): Promise<void> {
    for (const { head, state } of runs) {
      if (state !== "running" || this.#open.has(head.id)) continue;
      const watching = await watchRun(head.socket);
      if (!watching) continue;
      this.#open.set(head.id, watching);
      void this.#listen(head.id, watching);
    }
  }

  close(): void {
    for (const watching of this.#open.values()) watching.leave();
  }

  async #listen(id: string, watching: RunWatch): Promise<void> {
    try {
      for await (const _ of watching.status) this.#tell();
    } catch {
      // A door that closes while it speaks has nothing more to say.
    }
    this.#open.delete(id);
    this.#tell();
  }
}

/** Rings that come while nobody waits count as one; and not more of them are heard than a person can see. */
class Bell {
  readonly #signal: AbortSignal;
  #isRung = false;
  #wake = (): void => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.ring(), { once: true });
  }

  ring(): void {
    this.#isRung = true;
    this.#wake();
  }

  async rung(): Promise<void> {
    if (!this.#signal.aborted) await new Promise<void>((resolve) => setTimeout(resolve, QUIET_MS));
    if (!this.#isRung)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#isRung = false;
  }
}

const SECOND_MS = 1000;
const QUIET_MS = 200;
