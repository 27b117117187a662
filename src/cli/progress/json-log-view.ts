import type { BuildEvent } from "#build/events.ts";
import { RunNarrator } from "#build/run-narrator.ts";
import { type LogSink, VERBOSITY } from "#nix/log-event.ts";
import type { StoreDir } from "#nix/store-path.ts";
import type { Terminal } from "../terminal.ts";
import { jsonLog } from "./json-log.ts";
import { advance, emptyProgress, type Progress } from "./progress.ts";
import type { RunView } from "./run-view.ts";

export interface JsonLogViewOptions {
  readonly storeDir: StoreDir;
  /** The URI of a builder; "" for this machine. */
  readonly machineOf: (builder: string) => string;
  readonly nextId: () => number;
}

/** Shows a run to programs that read Nix's internal-json. */
export class JsonLogView implements RunView {
  progress: Progress = emptyProgress();
  readonly #log: LogSink;
  readonly #narrator: RunNarrator;

  constructor(terminal: Terminal, options: JsonLogViewOptions) {
    this.#log = jsonLog(terminal);
    this.#narrator = new RunNarrator({ ...options, log: this.#log });
  }

  take(event: BuildEvent): void {
    this.progress = advance(this.progress, event);
    this.#narrator.take(event);
  }

  say(lines: readonly string[]): void {
    for (const text of lines) this.#log({ kind: "message", level: VERBOSITY.info, text });
  }

  [Symbol.dispose](): void {
    this.#narrator.close();
  }
}
