import { LogTails } from "#build/engine/log-tails.ts";
import type { BuildEvent, BuildEventSink } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { type LineOptions, linesOf } from "./lines.ts";
import { advance, emptyProgress, type Progress } from "./progress.ts";
import { windowLines } from "./window.ts";

export interface ViewOptions {
  readonly logs: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly print: (path: StorePath) => string;
  readonly now: () => number;
}

/** Shows a run as it goes: plain lines, with a live window below them on a terminal. */
export class ProgressView implements Disposable {
  progress: Progress = emptyProgress();
  readonly #terminal: Terminal;
  readonly #options: ViewOptions;
  readonly #lines: LineOptions;
  readonly #tails = new LogTails();
  readonly #timer: NodeJS.Timeout | undefined;
  /** Lengths of the lines of the window that is shown. */
  #drawn: readonly number[] = [];
  #pending: string[] = [];

  constructor(terminal: Terminal, options: ViewOptions) {
    this.#terminal = terminal;
    this.#options = options;
    const colours = terminal.colours.error;
    const { logs, verbose, print } = options;
    const tailOf = (drvPath: StorePath) => this.#tails.of(drvPath);
    this.#lines = { style: styleFor(colours), colours, logs, verbose, tailOf, print };
    if (terminal.live && !options.quiet) this.#timer = setInterval(() => this.#draw(), FRAME_MS).unref();
  }

  readonly take: BuildEventSink = (event: BuildEvent) => {
    if (event.kind === "log-line") this.#tails.add(event.drvPath, event.line);
    this.progress = advance(this.progress, event);
    const isGood = event.kind !== "build-finished" || event.outcome.kind === "realised";
    if (this.#options.quiet && isGood) return;
    const lines = linesOf(event, this.#lines);
    if (lines.length === 0) return;
    if (this.#timer) this.#pending.push(...lines);
    else this.#terminal.error(`${lines.join("\n")}\n`);
  };

  /** Takes the window away and leaves what was said. */
  [Symbol.dispose](): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#write([]);
  }

  #draw(): void {
    this.#write(windowLines(this.progress, this.#options.now(), this.#terminal.columns() - 1));
  }

  #write(window: readonly string[]): void {
    const rows = rowsOf(this.#drawn, this.#terminal.columns());
    const up = rows > 0 ? `\x1b[${rows}A\r\x1b[J` : "";
    const above = this.#pending.map((line) => `${line}\n`).join("");
    const below = window.map((line) => `${line}\n`).join("");
    this.#pending = [];
    this.#drawn = window.map(({ length }) => length);
    if (up || above || below) this.#terminal.error(`${SYNCHRONISED}${up}${above}${below}${END_SYNCHRONISED}`);
  }
}

/** How many rows lines take by now: in a terminal that became narrower they wrap. */
function rowsOf(lengths: readonly number[], columns: number): number {
  return lengths.reduce((rows, length) => rows + Math.max(1, Math.ceil(length / columns)), 0);
}

const FRAME_MS = 100;
/** Terminals that know these show a frame as a whole, without flicker; others ignore them. */
const SYNCHRONISED = "\x1b[?2026h";
const END_SYNCHRONISED = "\x1b[?2026l";
