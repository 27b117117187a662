import { ElsewhereError, messageOf } from "#base/errors.ts";
import { BARE_RESULT, type BuildResult, type BuildStatus } from "#nix/build-result.ts";
import type { Realisation } from "#nix/realisation.ts";

/** A build that ended badly, on its way to become a result. The words are those of Nix 2.34, which people search for. */
export class BuildFailure extends ElsewhereError {
  override readonly name = "BuildFailure";
  readonly status: BuildStatus;

  constructor(status: BuildStatus, message: string, details: { hint?: string; cause?: unknown } = {}) {
    super("BUILD_FAILED", message, details);
    this.status = status;
  }
}

/** What every result has. Times in seconds since the epoch. */
export interface ResultFacts {
  readonly startTime?: number;
  readonly stopTime?: number;
  readonly timesBuilt?: number;
  readonly cpuUserUs?: number | undefined;
  readonly cpuSystemUs?: number | undefined;
  readonly memoryPeakBytes?: number | undefined;
}

/** They become known one after the other. */
export type FactsSoFar = { -readonly [key in keyof ResultFacts]: ResultFacts[key] };

export function successResult(
  status: BuildStatus,
  builtOutputs: ReadonlyMap<string, Realisation>,
  facts: ResultFacts = {},
): BuildResult {
  return { ...BARE_RESULT, ...facts, status, builtOutputs };
}

/** The result that an error stands for. */
export function failureResult(error: unknown, facts: ResultFacts = {}): BuildResult {
  const status = statusOf(error);
  // Who stopped the builds knows why; to say it once more for each would bury the reason.
  if (status === "Cancelled" && !(error instanceof BuildFailure)) return { ...BARE_RESULT, ...facts, status };
  const hint = error instanceof ElsewhereError && error.hint ? `\n${error.hint}` : "";
  return {
    ...BARE_RESULT,
    ...facts,
    status,
    errorMessage: messageOf(error) + hint,
  };
}

function statusOf(error: unknown): BuildStatus {
  if (error instanceof BuildFailure) return error.status;
  return error instanceof Error && error.name === "AbortError" ? "Cancelled" : "MiscFailure";
}
