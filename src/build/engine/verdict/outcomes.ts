import type { Clock } from "#base/clock.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildEventSink, BuildOutcome } from "../../events.ts";
import type { PlannedBuild } from "../plan/plan.ts";

/** How every build of a run ended, and why attempts at it came to nothing. */
export class Outcomes {
  readonly ended = new Map<StorePath, BuildOutcome>();
  readonly #postponed = new Map<StorePath, BuildOutcome>();
  readonly #losses = new Map<StorePath, Map<string, string>>();
  readonly #events: BuildEventSink;
  readonly #clock: Clock;
  #hasFailure = false;

  constructor({ events, clock }: { readonly events: BuildEventSink; readonly clock: Clock }) {
    this.#events = events;
    this.#clock = clock;
  }

  /** The end of a build, told once; a later success replaces nothing. */
  end(drvPath: StorePath, outcome: BuildOutcome): void {
    this.#postponed.delete(drvPath);
    if (this.ended.has(drvPath) && outcome.kind !== "realised") return;
    this.ended.set(drvPath, outcome);
    this.#hasFailure ||= isFailure(outcome);
    this.#events({ kind: "build-finished", drvPath, outcome, atMs: this.#clock.now() });
  }

  /** An end that another round may still avert. */
  postpone(drvPath: StorePath, outcome: BuildOutcome): void {
    this.#postponed.set(drvPath, outcome);
  }

  /** Nothing more will be tried: what was postponed has ended, and what was never begun is cancelled. */
  conclude(builds: readonly PlannedBuild[]): void {
    for (const [drvPath, outcome] of this.#postponed) this.end(drvPath, outcome);
    for (const { drvPath } of builds) if (!this.ended.has(drvPath)) this.end(drvPath, { kind: "cancelled" });
  }

  hasFinalFailure(drvPath: StorePath): boolean {
    const outcome = this.ended.get(drvPath);
    return outcome !== undefined && isFailure(outcome);
  }

  /** Whether something has failed for good. */
  get hasFailure(): boolean {
    return this.#hasFailure;
  }

  /** Why a builder's attempt at a build came to nothing. */
  noteLoss(drvPath: StorePath, builder: string, message: string): void {
    const losses = this.#losses.get(drvPath) ?? new Map<string, string>();
    this.#losses.set(drvPath, losses.set(builder, message));
  }

  /** Why each builder lost it, by builder. */
  lossesOf(drvPath: StorePath): ReadonlyMap<string, string> {
    return this.#losses.get(drvPath) ?? new Map();
  }
}

function isFailure({ kind }: BuildOutcome): boolean {
  return kind === "failed" || kind === "dependency-failed";
}
