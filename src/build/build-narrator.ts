import { ACTIVITY, type LogSink, RESULT, VERBOSITY } from "#nix/log-event.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { BuildEvent } from "./events.ts";
import { MovementNarrator } from "./movement-narrator.ts";

export interface NarratorOptions {
  readonly storeDir: StoreDir;
  readonly log: LogSink;
  /** Ids must differ between all that one client may see. */
  readonly nextId: () => number;
  /** The URI of a builder; "" for the machine of the store itself. */
  readonly machineOf: (builder: string) => string;
}

/** Tells a client of Nix's what becomes of its builds, in the activities by which Nix itself would tell it. */
export class BuildNarrator {
  readonly #options: NarratorOptions;
  readonly #builds = new Map<StorePath, number>();
  readonly #isAlone = new Map<StorePath, boolean>();
  readonly #movements: MovementNarrator;

  constructor(options: NarratorOptions) {
    this.#options = options;
    this.#movements = new MovementNarrator(options);
  }

  take(event: BuildEvent): void {
    switch (event.kind) {
      case "attempt-started":
        this.#isAlone.set(event.drvPath, event.together === 1);
        break;
      case "inputs-sent":
        // Of many in one request the builder says itself when each begins.
        if (this.#isAlone.get(event.drvPath)) this.#begin(event.drvPath, event.builder);
        break;
      case "build-began":
        if (event.together) this.#begin(event.drvPath, event.builder);
        break;
      case "phase":
        this.#tell(event.drvPath, RESULT.setPhase, event.phase);
        break;
      case "log-line":
        this.#tell(event.drvPath, RESULT.buildLogLine, event.line);
        break;
      case "attempt-lost":
        this.#end(event.drvPath);
        this.#say(`cannot build '${this.#print(event.drvPath)}' on '${event.builder}': ${event.message}`);
        break;
      case "build-finished":
        this.#end(event.drvPath);
        break;
      case "message":
        if (event.isWarning) this.#say(`warning: ${event.builder}: ${event.text}`);
        break;
      case "output-suspect":
        this.#say(`warning: ${event.message}`);
        break;
      case "builder-down":
        this.#say(`cannot build on '${event.builder}': ${event.message}`);
        break;
      // What is left is for Elsewhere's own views, or moves.
      default:
        this.#movements.take(event);
    }
  }

  /** Ends what has not ended: a run that was given up leaves no activity open. */
  close(): void {
    for (const drvPath of [...this.#builds.keys()]) this.#end(drvPath);
    this.#movements.close();
  }

  #begin(drvPath: StorePath, builder: string): void {
    this.#end(drvPath);
    const { log, nextId, machineOf } = this.#options;
    const id = nextId();
    const machine = machineOf(builder);
    const drv = this.#print(drvPath);
    this.#builds.set(drvPath, id);
    log({
      kind: "start",
      id,
      level: VERBOSITY.info,
      type: ACTIVITY.build,
      text: `building '${drv}'${machine === "" ? "" : ` on '${machine}'`}`,
      // Derivation, machine, round, rounds.
      fields: [drv, machine, 1, 1],
      parent: 0,
    });
  }

  #end(drvPath: StorePath): void {
    const id = this.#builds.get(drvPath);
    this.#builds.delete(drvPath);
    if (id !== undefined) this.#options.log({ kind: "stop", id });
  }

  #tell(drvPath: StorePath, type: number, text: string): void {
    const id = this.#builds.get(drvPath);
    if (id !== undefined) this.#options.log({ kind: "result", id, type, fields: [text] });
  }

  #say(text: string): void {
    this.#options.log({ kind: "message", text: `${text}\n` });
  }

  #print(path: StorePath): string {
    return printStorePath(this.#options.storeDir, path);
  }
}
