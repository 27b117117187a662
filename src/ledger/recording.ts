import type { BuildEvent, BuildOutcome } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuilderTraits, Requirement } from "#schedule/requirement.ts";
import type { AttemptName, LedgerChange } from "./change.ts";
import type { BuildEnd, Placement, RequestEnd } from "./record.ts";

export interface RecordingOptions {
  /** Key of the request. */
  readonly request: string;
  readonly sites: readonly BuilderTraits[];
  readonly requirementOf: (drvPath: StorePath) => Requirement;
  readonly now: () => number;
  /** Why builders are not in use from the beginning, by name. */
  readonly knownFaults?: ReadonlyMap<string, string>;
}

/** Folds the events of one request into what the ledger shall say of it. */
export class Recording {
  readonly #options: RecordingOptions;
  /** How many attempts each build has had. */
  readonly #attempts = new Map<StorePath, number>();
  /** Builders of the attempts that are under way. */
  readonly #open = new Map<StorePath, string>();
  /** Of builds that ran on this machine, why they did. */
  readonly builtHere = new Map<StorePath, Placement>();
  readonly #unended = new Set<StorePath>();
  readonly #faults = new Map<string, string>();
  readonly #copies = new Map<number, Extract<BuildEvent, { kind: "copy-started" }>>();
  /** What the builds of this request made. */
  readonly #outputs = new Set<StorePath>();

  constructor(options: RecordingOptions) {
    this.#options = options;
    for (const [builder, fault] of options.knownFaults ?? []) this.#faults.set(builder, fault);
  }

  /** The attempt of a build that is under way, or was the last. */
  attemptOf(drvPath: StorePath): AttemptName {
    return { request: this.#options.request, drvPath, attempt: this.#attempts.get(drvPath) ?? 1 };
  }

  /** What one event changes. */
  take(event: BuildEvent): LedgerChange[] {
    switch (event.kind) {
      case "planned":
        return event.builds.map((drvPath) => this.#plan(drvPath, event.atMs));
      case "builder-up":
        this.#faults.delete(event.builder);
        return [];
      case "builder-down":
        this.#faults.set(event.builder, event.message);
        return [];
      case "attempt-started":
        return this.#begin(event);
      case "build-began":
        return this.#open.has(event.drvPath)
          ? [{ kind: "attempt-building", ...this.attemptOf(event.drvPath), atMs: event.atMs }]
          : [];
      case "attempt-lost":
        this.#open.delete(event.drvPath);
        return [
          {
            kind: "attempt-ended",
            ...this.attemptOf(event.drvPath),
            end: "lost",
            detail: event.loss,
            message: event.message,
            atMs: event.atMs,
          },
        ];
      case "build-finished":
        return this.#finish(event);
      case "copy-started":
        this.#copies.set(event.id, event);
        return (event.contents ?? []).flatMap(({ path, bytes }) => this.sizeOf(path, bytes));
      case "copy-finished":
        return this.#endCopy(event);
      default:
        return [];
    }
  }

  /** The size of a path's NAR, told once, for what was built here. */
  sizeOf(path: StorePath, bytes: number): LedgerChange[] {
    if (!this.#outputs.delete(path)) return [];
    return [{ kind: "output-sized", request: this.#options.request, path, bytes }];
  }

  /** Outputs whose size nobody has told. */
  get unsized(): ReadonlySet<StorePath> {
    return this.#outputs;
  }

  /** What is left open when nothing more will happen. */
  end(end: RequestEnd): LedgerChange[] {
    const { request, now } = this.#options;
    const atMs = now();
    const attempts = Array.from(
      this.#open.keys(),
      (drvPath): LedgerChange => ({
        kind: "attempt-ended",
        ...this.attemptOf(drvPath),
        end: "stopped",
        atMs,
      }),
    );
    const builds = Array.from(
      this.#unended,
      (drvPath): LedgerChange => ({
        kind: "build-ended",
        request,
        drvPath,
        end: "cancelled",
        atMs,
        outputs: NO_OUTPUTS,
      }),
    );
    return [...attempts, ...builds, { kind: "request-ended", request, end, atMs }];
  }

  #plan(drvPath: StorePath, atMs: number): LedgerChange {
    this.#unended.add(drvPath);
    const { request, requirementOf } = this.#options;
    return { kind: "build-planned", request, drvPath, system: requirementOf(drvPath).system, atMs };
  }

  #begin(event: Extract<BuildEvent, { kind: "attempt-started" }>): LedgerChange[] {
    const { drvPath, builder, score, others, cores, atMs } = event;
    const { sites } = this.#options;
    // A build of a later round was not in the first plan.
    const planned = this.#unended.has(drvPath) ? [] : [this.#plan(drvPath, atMs)];
    const local = sites.find(({ name }) => name === builder)?.local ?? false;
    this.#attempts.set(drvPath, (this.#attempts.get(drvPath) ?? 0) + 1);
    const placement = { score, others, faults: new Map(this.#faults), cores };
    this.#open.set(drvPath, builder);
    if (local) this.builtHere.set(drvPath, placement);
    else this.builtHere.delete(drvPath);
    return [
      ...planned,
      {
        kind: "attempt-began",
        ...this.attemptOf(drvPath),
        builder,
        local,
        placement,
        atMs,
      },
    ];
  }

  #finish(event: Extract<BuildEvent, { kind: "build-finished" }>): LedgerChange[] {
    const { drvPath, outcome, atMs } = event;
    const { request } = this.#options;
    this.#unended.delete(drvPath);
    const common = { kind: "build-ended", request, drvPath, end: endOf(outcome), atMs } as const;
    return [...this.#endAttempt(event), { ...common, ...this.#detailsOf(outcome) }];
  }

  #endAttempt({ drvPath, outcome, atMs }: Extract<BuildEvent, { kind: "build-finished" }>): LedgerChange[] {
    if (!this.#open.delete(drvPath)) return [];
    const common = { kind: "attempt-ended", ...this.attemptOf(drvPath), atMs } as const;
    switch (outcome.kind) {
      case "realised":
        return [{ ...common, end: "succeeded", detail: outcome.how, ...outcome.usage }];
      case "failed":
        return [
          { ...common, end: "failed", detail: outcome.status, message: outcome.message, ...outcome.usage },
        ];
      default:
        return [{ ...common, end: "stopped" }];
    }
  }

  #detailsOf(outcome: BuildOutcome) {
    switch (outcome.kind) {
      case "realised": {
        const { builder, durationMs, outputs } = outcome;
        for (const path of outputs.values()) this.#outputs.add(path);
        return { builder, durationMs, outputs };
      }
      case "failed":
        return { builder: outcome.builder, message: outcome.message, outputs: NO_OUTPUTS };
      case "given-up":
        return { message: outcome.message, outputs: NO_OUTPUTS };
      case "dependency-failed":
        return { message: `it needs ${outcome.because}`, outputs: NO_OUTPUTS };
      case "cancelled":
        return { outputs: NO_OUTPUTS };
    }
  }

  #endCopy({ id, atMs, error }: Extract<BuildEvent, { kind: "copy-finished" }>): LedgerChange[] {
    const copy = this.#copies.get(id);
    this.#copies.delete(id);
    if (!copy) return [];
    const { from, to, paths, bytes, contents = [], atMs: beganMs } = copy;
    const { request } = this.#options;
    return [{ kind: "copied", request, from, to, paths, bytes, contents, beganMs, endedMs: atMs, error }];
  }
}

function endOf(outcome: BuildOutcome): BuildEnd {
  if (outcome.kind !== "realised") return outcome.kind;
  return outcome.how === "already-there" ? "found" : outcome.how;
}

const NO_OUTPUTS: ReadonlyMap<string, StorePath> = new Map();
