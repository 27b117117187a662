import type { Clock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { BARE_RESULT, type BuildResult, type BuildStatus } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { BuildEvent } from "../../events.ts";

export interface LimitWatchOptions {
  readonly settings: Pick<BuildSettings, "timeoutS" | "maxSilentTimeS" | "maxLogSizeBytes">;
  readonly clock: Clock;
  /** Told of a build that went beyond a limit, with what it came to. */
  readonly onExceeded: (drvPath: StorePath, result: BuildResult) => void;
}

/**
 * Ends a request of which a build goes beyond a limit. Builders are told of the limits and keep to them by themselves; this is
 * for those that were not told, or do not, and gives them a little more.
 */
export class LimitWatch implements Disposable {
  readonly #options: LimitWatchOptions;
  readonly #builds = new Map<StorePath, Watched>();
  readonly #stop = new AbortController();

  constructor(options: LimitWatchOptions) {
    this.#options = options;
  }

  /** Aborts when a limit is exceeded. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Goes by what is told of builds. */
  take(event: BuildEvent): void {
    if (event.kind === "build-began") this.begin(event.drvPath);
    else if (event.kind === "log-line") this.#takeLine(event.drvPath, event.line);
  }

  begin(drvPath: StorePath): void {
    if (this.#builds.has(drvPath)) return;
    const beganMs = this.#options.clock.now();
    const watched = { beganMs, heardMs: beganMs, logBytes: 0, over: new AbortController() };
    this.#builds.set(drvPath, watched);
    void this.#watch(drvPath, watched).catch(() => undefined);
  }

  end(drvPath: StorePath): void {
    this.#builds.get(drvPath)?.over.abort();
  }

  [Symbol.dispose](): void {
    for (const { over } of this.#builds.values()) over.abort();
  }

  async #watch(drvPath: StorePath, watched: Watched): Promise<void> {
    const { clock, settings } = this.#options;
    const { timeoutS, maxSilentTimeS } = settings;
    for (;;) {
      const limits = [
        { atMs: watched.beganMs + allowedMs(timeoutS), say: `timed out after ${timeoutS} seconds` },
        {
          atMs: watched.heardMs + allowedMs(maxSilentTimeS),
          say: `timed out after ${maxSilentTimeS} seconds of silence`,
        },
      ];
      const first = limits.reduce((a, b) => (b.atMs < a.atMs ? b : a));
      if (first.atMs === Number.POSITIVE_INFINITY) return;
      if (first.atMs <= clock.now()) return this.#exceed(drvPath, "TimedOut", first.say);
      await clock.sleep(first.atMs - clock.now(), watched.over.signal);
    }
  }

  #takeLine(drvPath: StorePath, line: string): void {
    const watched = this.#builds.get(drvPath);
    if (!watched || watched.over.signal.aborted) return;
    watched.heardMs = this.#options.clock.now();
    watched.logBytes += Buffer.byteLength(line) + 1;
    const { maxLogSizeBytes } = this.#options.settings;
    if (maxLogSizeBytes === undefined || watched.logBytes <= maxLogSizeBytes + LOG_GRACE_BYTES) return;
    this.#exceed(
      drvPath,
      "LogLimitExceeded",
      `killed after writing more than ${maxLogSizeBytes} bytes of log output`,
    );
  }

  #exceed(drvPath: StorePath, status: BuildStatus, errorMessage: string): void {
    this.end(drvPath);
    this.#options.onExceeded(drvPath, { ...BARE_RESULT, status, errorMessage });
    this.#stop.abort(new ElsewhereError("LIMIT_EXCEEDED", `another build of the request ${errorMessage}`));
  }
}

interface Watched {
  readonly beganMs: number;
  /** When it last said something. */
  heardMs: number;
  logBytes: number;
  readonly over: AbortController;
}

function allowedMs(seconds: number | undefined): number {
  return seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000 + GRACE_MS;
}

/** What a builder may take longer to end a build than it was told. */
const GRACE_MS = 5000;
const LOG_GRACE_BYTES = 1 << 20;
