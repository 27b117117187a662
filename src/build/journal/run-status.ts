import { list, literal, number, object, optional, text, whole } from "#base/json-shape.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import type { BuildEvent } from "../events.ts";

/** A build that is under way. */
export interface RunningAttempt {
  readonly drvPath: StorePath;
  readonly builder: string;
  readonly stage: "fetching" | "sending" | "queued" | "building";
  readonly sinceMs: number;
  readonly phase?: string;
}

/** How far a run is. */
export interface RunStatus {
  readonly planned: number;
  readonly ended: number;
  readonly failed: number;
  /** Paths that are on their way from binary caches. */
  readonly fetching?: number;
  readonly running: readonly RunningAttempt[];
}

/** How far a run is, by its events so far. */
export class RunTally {
  #planned = 0;
  #ended = 0;
  #failed = 0;
  readonly #running = new Map<StorePath, RunningAttempt>();
  readonly #alone = new Set<StorePath>();
  readonly #fetches = new Set<number>();

  get status(): RunStatus {
    const running = [...this.#running.values()].slice(0, RUNNING_TOLD_MAX);
    const { size: fetching } = this.#fetches;
    return { planned: this.#planned, ended: this.#ended, failed: this.#failed, fetching, running };
  }

  /** Whether the status is another after this event. */
  take(event: BuildEvent): boolean {
    switch (event.kind) {
      case "planned":
        this.#planned = event.builds.length;
        return true;
      case "attempt-started":
        if (event.together === 1) this.#alone.add(event.drvPath);
        return this.#place(event, "sending");
      case "inputs-awaited":
        return this.#place(event, "fetching");
      case "inputs-fetched":
        return this.#isAt(event.drvPath, "fetching") && this.#place(event, "sending");
      case "fetch-started":
        this.#fetches.add(event.id);
        if (event.drvPath !== undefined && this.#running.has(event.drvPath))
          this.#place({ drvPath: event.drvPath, builder: event.to, atMs: event.atMs }, "fetching");
        return true;
      case "fetch-finished":
        return this.#fetches.delete(event.id);
      case "inputs-sent":
        return this.#place(event, this.#alone.has(event.drvPath) ? "building" : "queued");
      case "build-began":
        return this.#place(event, "building");
      case "phase": {
        const attempt = this.#running.get(event.drvPath);
        if (attempt) this.#running.set(event.drvPath, { ...attempt, phase: event.phase });
        return attempt !== undefined;
      }
      case "attempt-lost":
        return this.#running.delete(event.drvPath);
      case "build-finished":
        this.#running.delete(event.drvPath);
        this.#ended++;
        if (event.outcome.kind === "failed" || event.outcome.kind === "given-up") this.#failed++;
        return true;
      default:
        return false;
    }
  }

  #isAt(drvPath: StorePath, stage: RunningAttempt["stage"]): boolean {
    return this.#running.get(drvPath)?.stage === stage;
  }

  #place(
    { drvPath, builder, atMs }: { drvPath: StorePath; builder: string; atMs: number },
    stage: RunningAttempt["stage"],
  ): boolean {
    if (this.#isAt(drvPath, stage)) return false;
    this.#running.set(drvPath, { drvPath, builder, stage, sinceMs: atMs });
    return true;
  }
}

/** A status as it travels, on one line of JSON. */
export const statusShape = object<RunStatus>({
  planned: whole,
  ended: whole,
  failed: whole,
  fetching: optional(whole),
  running: list(
    object<RunningAttempt>({
      drvPath: (value, where) => parseStorePathBaseName(text(value, where)),
      builder: text,
      stage: literal("fetching", "sending", "queued", "building"),
      sinceMs: number,
      phase: optional(text),
    }),
  ),
});

/** Of more builds at once only these are told one by one. */
const RUNNING_TOLD_MAX = 1000;
