import type { BuildEvent } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { type LineOptions, linesOf } from "./lines.ts";
import { LiveWindow } from "./live-window.ts";
import { advance, emptyProgress, type Progress } from "./progress.ts";
import { windowLines } from "./window.ts";

export interface ViewOptions {
  readonly logs: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  /** A window that changes in place, where the terminal can show one. */
  readonly live: boolean;
  readonly print: (path: StorePath) => string;
  readonly now: () => number;
  /** When it aborts, the run is being stopped. */
  readonly signal: AbortSignal;
}

/** Shows a run as it goes: plain lines, with a live window below them on a terminal. */
export class ProgressView implements Disposable {
  progress: Progress = emptyProgress();
  readonly #terminal: Terminal;
  readonly #options: ViewOptions;
  readonly #lines: LineOptions;
  readonly #owned = new DisposableStack();
  readonly #window: LiveWindow | undefined;
  #pending: string[] = [];

  constructor(terminal: Terminal, options: ViewOptions) {
    this.#terminal = terminal;
    this.#options = options;
    const colours = terminal.colours.error;
    const { logs, verbose, print } = options;
    const tailOf = (drvPath: StorePath) => this.progress.tails.of(drvPath);
    const isLive = options.live && terminal.live && !options.quiet;
    this.#lines = { style: styleFor(colours), colours, logs, verbose, endsOnly: isLive, tailOf, print };
    if (isLive) this.#window = this.#openWindow();
    const { signal } = options;
    const stopping = () => this.#stopping();
    signal.addEventListener("abort", stopping, { once: true });
    this.#owned.defer(() => signal.removeEventListener("abort", stopping));
  }

  take(event: BuildEvent): void {
    this.progress = advance(this.progress, event);
    const isGood = event.kind !== "build-finished" || event.outcome.kind === "realised";
    if (this.#options.quiet && isGood) return;
    this.say(linesOf(event, this.#lines));
  }

  /** Says lines for good. */
  say(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#window) this.#pending.push(...lines);
    else this.#terminal.error(`${lines.join("\n")}\n`);
  }

  /** Takes the window away and leaves what was said. */
  [Symbol.dispose](): void {
    this.#owned.dispose();
    this.#window?.show(this.#pending.splice(0), [], this.#terminal.columns());
  }

  #openWindow(): LiveWindow {
    const window = new LiveWindow((text) => this.#terminal.error(text));
    const timer = setInterval(() => this.#draw(window), FRAME_MS).unref();
    this.#owned.defer(() => clearInterval(timer));
    this.#owned.use(
      this.#terminal.onResize(() => {
        window.resized();
        this.#draw(window);
      }),
    );
    return window;
  }

  #draw(window: LiveWindow): void {
    const columns = this.#terminal.columns();
    const lines = windowLines(this.progress, {
      nowMs: this.#options.now(),
      columns: columns - 1,
      rows: this.#terminal.rows(),
      style: this.#lines.style,
      isStopping: this.#options.signal.aborted,
    });
    window.show(this.#pending.splice(0), lines, columns);
  }

  #stopping(): void {
    if (this.#window) this.#draw(this.#window);
    else if (!this.#options.quiet) this.say(["stopping… (again to leave at once)"]);
  }
}

const FRAME_MS = 100;
