import type { BuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Loss } from "#schedule/loss.ts";
import type { BuildOutcome } from "../../events.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { Outcomes } from "./outcomes.ts";
import { explainFailure, isForWantOfInputs } from "./trust-hint.ts";
import { usageOf } from "./usage-of.ts";
import { isSilent, judgeResult, statusOf } from "./verdict.ts";

/** What a builder's answer comes to for a build of a run. */
export type Answer =
  | { readonly kind: "made"; readonly outputs: KnownOutputs }
  | { readonly kind: "failed"; readonly outcome: BuildOutcome }
  | { readonly kind: "lost"; readonly why: Setback };

/** Why an attempt came to nothing. */
export interface Setback {
  readonly loss: Loss;
  readonly message: string;
}

export interface AnswerContext {
  readonly active: ActiveSite;
  /** How other builds of the run ended. */
  readonly outcomes: Outcomes;
  /** The last lines of the build's log. */
  readonly logTail: readonly string[];
  /** Its outputs, as far as they were known before. */
  readonly known: KnownOutputs;
}

/** Judges an answer by what is known of the run: what is final, what is tried again, and what was made. */
export function judgeAnswer(build: PlannedBuild, result: BuildResult, context: AnswerContext): Answer {
  const { active, outcomes, logTail, known } = context;
  const verdict = judgeResult(result, logTail);
  if (verdict.kind === "lost" && !isForWantOfInputs(result, active, build.drvPath))
    return { kind: "lost", why: verdict };
  if (verdict.kind === "failure" && isLeftUndone(build, result, outcomes))
    return { kind: "lost", why: LEFT_UNDONE };
  if (verdict.kind !== "success") return { kind: "failed", outcome: failureOf(build, result, context) };
  const outputs = outputsOfResult(result, known);
  const unknown = build.outputs.find((name) => !outputs.has(name));
  return unknown === undefined ? { kind: "made", outputs } : { kind: "lost", why: untold(unknown) };
}

/** Whether a builder did not begin a build for the sake of another that will be tried again, as far as can be seen. */
function isLeftUndone({ needs }: PlannedBuild, result: BuildResult, outcomes: Outcomes): boolean {
  if (isSilent(result)) return !outcomes.hasFailure;
  const isOpen = (need: StorePath) => !outcomes.ended.has(need) && outcomes.lossesOf(need).size > 0;
  return result.status === "DependencyFailed" && needs.some(isOpen);
}

const LEFT_UNDONE: Setback = {
  loss: "cancelled",
  message: "the builder did not come to it: what it had begun before has to be tried again",
};

function failureOf(
  build: PlannedBuild,
  result: BuildResult,
  { active, outcomes }: AnswerContext,
): BuildOutcome {
  if (result.status === "DependencyFailed" || isSilent(result)) {
    const because = build.needs.find((need) => outcomes.hasFinalFailure(need));
    if (because) return { kind: "dependency-failed", because };
    // A builder that stops at the first failure says nothing of what it had not begun.
    if (isSilent(result)) return { kind: "cancelled" };
  }
  const message = explainFailure(result, active, build.drvPath);
  const builder = active.site.traits.name;
  return { kind: "failed", builder, status: statusOf(result), message, ...usageOf(result) };
}

/** Outputs by name that a result names, completed by those that were known before. */
function outputsOfResult(result: BuildResult, known: KnownOutputs): Map<string, StorePath> {
  const outputs = new Map(known);
  for (const [name, { outPath }] of result.builtOutputs) outputs.set(name, outPath);
  return outputs;
}

function untold(output: string): Setback {
  return {
    loss: "wrong-machine",
    message: `its protocol does not say where output '${output}' is: reach it by ssh-ng://`,
  };
}
