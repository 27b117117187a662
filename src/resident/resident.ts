import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { type FileLock, lock } from "#store/local/lock/flock.ts";
import { isRunning } from "#transport/running-process.ts";
import { type Bell, hangBell } from "./hook/bell.ts";
import { openRuntimeFolder, RUNTIME_FILES } from "./runtime-folder.ts";

export interface ResidentOptions {
  readonly folder: string;
  readonly uid: number;
  /** Which Elsewhere it is: where its program lies. */
  readonly home: string;
  /** It ends when it had nothing to do for so long. */
  readonly idleMs: number;
  readonly clock: Clock;
  /** Aborted: take nothing new, end when what was taken has ended. */
  readonly signal: AbortSignal;
  /** Serves whoever made the pipes whose names begin so. Must not throw. */
  readonly serve: (call: string) => Promise<void>;
}

/** Stays between the calls of one user's build hooks, until it is idle or is told to go. */
export async function stay(options: ResidentOptions): Promise<void> {
  openRuntimeFolder(options.folder, options.uid);
  await new Resident(options).run();
}

class Resident {
  readonly #options: ResidentOptions;
  readonly #calls = new Set<Promise<void>>();
  #idle = new AbortController();

  constructor(options: ResidentOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { folder, signal } = this.#options;
    // One that is asked to go gives it up at once, and ends what it has beside us.
    const held = await lock(
      join(folder, RUNTIME_FILES.lock),
      "exclusive",
      AbortSignal.any([signal, AbortSignal.timeout(LOCK_TIMEOUT_MS)]),
    );
    this.#clearLeftovers();
    await using bell = hangBell(join(folder, RUNTIME_FILES.bell), (line) => this.#take(line));
    this.#announce(bell);
    await this.#untilIdle();
    this.#withdraw(bell, held);
    // Who rang before that is served still.
    await this.#options.clock.sleep(LAST_RING_MS);
    while (this.#calls.size > 0) await Promise.all(this.#calls);
  }

  #take(line: string): void {
    const { folder, serve } = this.#options;
    if (!CALL.test(line) || line !== join(folder, line.slice(line.lastIndexOf("/") + 1))) return;
    this.#idle.abort();
    const call = serve(line).finally(() => {
      this.#calls.delete(call);
      if (this.#calls.size === 0) this.#idle.abort();
    });
    this.#calls.add(call);
  }

  #announce({ fd }: Bell): void {
    const { folder, home } = this.#options;
    const file = join(folder, RUNTIME_FILES.resident);
    writeFileSync(`${file}.${process.pid}`, `${process.pid} ${fd} ${home}\n`, { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  }

  /** The next one may come. */
  #withdraw({ fd }: Bell, held: FileLock): void {
    const { folder } = this.#options;
    const file = join(folder, RUNTIME_FILES.resident);
    if (readIfThere(file)?.startsWith(`${process.pid} ${fd} `)) rmSync(file, { force: true });
    held.release();
  }

  async #untilIdle(): Promise<void> {
    const { clock, idleMs, signal } = this.#options;
    while (!signal.aborted) {
      this.#idle = new AbortController();
      const ms = this.#calls.size === 0 ? idleMs : BUSY_LOOK_MS;
      const isOver = await clock.sleep(ms, AbortSignal.any([signal, this.#idle.signal])).then(
        () => true,
        () => false,
      );
      if (isOver && this.#calls.size === 0) return;
    }
  }

  /** What hooks left behind that were killed before anybody answered. */
  #clearLeftovers(): void {
    const { folder } = this.#options;
    for (const name of readdirSync(folder)) {
      const pid = /^call\.(\d+)\.[a-z]+$/.exec(name)?.[1];
      if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(folder, name), { force: true });
    }
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

const CALL = /\/call\.\d+$/;
const LOCK_TIMEOUT_MS = 10_000;
/** While there is something to do, its end is an event; this only bounds the wait. */
const BUSY_LOOK_MS = 3_600_000;
/** Between finding that somebody listens and ringing a hook does nothing else. */
const LAST_RING_MS = 200;
