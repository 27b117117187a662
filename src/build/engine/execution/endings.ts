import { unreachable } from "#base/errors.ts";
import type { BuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildOutcome, Origin } from "../../events.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { Run } from "../run.ts";
import { keyOf } from "../site/site.ts";
import { judgeAnswer, type Setback } from "../verdict/answer.ts";
import { usageOf } from "../verdict/usage-of.ts";
import type { OwnSlots } from "./own-slots.ts";
import type { Happening } from "./schedule-driver.ts";

export interface EndingsOptions {
  readonly run: Run;
  readonly slots: OwnSlots;
  /** Tells the schedule. */
  readonly tell: (happening: Happening) => void;
  /** Told of a build that is over in this schedule. */
  readonly onEnd: (drvPath: StorePath) => void;
}

/** Where and since when an attempt was made. */
export interface AttemptedAt {
  readonly active: ActiveSite;
  readonly begunMs: number;
}

/** How builds end in one schedule: gives the slot back, keeps what was made, and tells of it. */
export class Endings {
  readonly #options: EndingsOptions;
  readonly #setbacksBefore: number;

  constructor(options: EndingsOptions) {
    this.#options = options;
    this.#setbacksBefore = options.run.setbacks;
  }

  /** What a builder answered. Resolves when what was asked for of it is at home. */
  async take(build: PlannedBuild, result: BuildResult, at: AttemptedAt): Promise<void> {
    const { run } = this.#options;
    const { drvPath } = build;
    const { active } = at;
    const builder = active.site.traits.name;
    const { outcomes } = run;
    const known = run.knowledge.outputsOf(drvPath);
    const answer = judgeAnswer(build, result, { active, outcomes, known, logTail: run.tails.of(drvPath) });
    switch (answer.kind) {
      case "made":
        return await this.#keep(build, result, { ...at, outputs: answer.outputs });
      case "failed":
        return this.#fail(build, builder, answer.outcome);
      case "lost":
        return this.lose(drvPath, builder, answer.why);
      default:
        return unreachable(answer);
    }
  }

  lose(drvPath: StorePath, builder: string, { loss, message }: Setback): void {
    const { run, slots, tell } = this.#options;
    const atMs = run.context.clock.now();
    slots.end(builder);
    run.outcomes.noteLoss(drvPath, builder, message);
    const { site } = run.sites.active(builder) ?? {};
    if (site && loss !== "cancelled") run.request.health.noteFailure(keyOf(site), { atMs, message });
    run.request.events({ kind: "attempt-lost", drvPath, builder, loss, message, atMs });
    tell({ kind: "lost", task: drvPath, builder, loss });
  }

  loseAll(builds: ReadonlyMap<StorePath, PlannedBuild>, builder: string, why: Setback): void {
    for (const drvPath of builds.keys()) this.lose(drvPath, builder, why);
  }

  /** While something went away in this schedule, what could not be done in it may be done in the next. */
  end(drvPath: StorePath, outcome: BuildOutcome): void {
    const { run, onEnd } = this.#options;
    onEnd(drvPath);
    const mayStillBe = run.setbacks > this.#setbacksBefore && this.#isSetback(outcome);
    if (mayStillBe) run.outcomes.postpone(drvPath, outcome);
    else run.outcomes.end(drvPath, outcome);
  }

  #fail({ drvPath }: PlannedBuild, builder: string, outcome: BuildOutcome): void {
    const { slots, tell } = this.#options;
    slots.end(builder);
    this.end(drvPath, outcome);
    tell({ kind: "failed", task: drvPath, builder });
  }

  /** A build succeeded: its outputs pass the gate, and what was asked for of them comes home. */
  async #keep(
    build: PlannedBuild,
    result: BuildResult,
    { active, begunMs, outputs }: AttemptedAt & { readonly outputs: KnownOutputs },
  ): Promise<void> {
    const { run, slots, tell } = this.#options;
    const { drvPath } = build;
    const builder = active.site.traits.name;
    slots.end(builder);
    const how = howOf(result);
    const refusal = await run.gatekeeper.passBuilt(build, outputs, active);
    if (refusal !== undefined) {
      this.end(drvPath, { kind: "failed", builder, status: "OutputRejected", message: refusal });
      return tell({ kind: "failed", task: drvPath, builder });
    }
    const durationS = result.stopTime - result.startTime;
    const durationMs = durationS > 0 ? durationS * 1000 : run.context.clock.now() - begunMs;
    this.end(drvPath, { kind: "realised", builder, how, outputs, durationMs, ...usageOf(result) });
    const origin = originOf(how, builder, drvPath);
    const home = run.delivery.take(build, outputs, { origin, active });
    tell({ kind: "succeeded", task: drvPath, builder, ...(how === "built" && { durationMs }) });
    await home;
  }

  #isSetback(outcome: BuildOutcome): boolean {
    if (outcome.kind === "dependency-failed")
      return !this.#options.run.outcomes.hasFinalFailure(outcome.because);
    return outcome.kind === "given-up";
  }
}

type How = "built" | "substituted" | "already-there";

function howOf({ status }: BuildResult): How {
  if (status === "Substituted") return "substituted";
  return status === "Built" ? "built" : "already-there";
}

function originOf(how: How, builder: string, drvPath: StorePath): Origin {
  if (how === "built") return { kind: "built", builder, drvPath };
  return how === "substituted"
    ? { kind: "substituted", builder, drvPath }
    : { kind: "copied", from: builder };
}
