import type { DerivedPath } from "./derived-path.ts";
import type { Realisation } from "./realisation.ts";

/** In the order of their numbers on the wire, from 0. Source: Nix, `BuildResult::Status`. */
export const BUILD_STATUSES = [
  "Built",
  "Substituted",
  "AlreadyValid",
  "PermanentFailure",
  "InputRejected",
  "OutputRejected",
  "TransientFailure",
  "CachedFailure",
  "TimedOut",
  "MiscFailure",
  "DependencyFailed",
  "LogLimitExceeded",
  "NotDeterministic",
  "ResolvesToAlreadyValid",
  "NoSubstituters",
  "HashMismatch",
  "Cancelled",
] as const;

export type BuildStatus = (typeof BUILD_STATUSES)[number];

/** How a build ended. */
export interface BuildResult {
  readonly status: BuildStatus;
  readonly errorMessage: string;
  readonly timesBuilt: number;
  readonly isNonDeterministic: boolean;
  /** Seconds since the epoch; 0 when nothing was built. */
  readonly startTime: number;
  readonly stopTime: number;
  /** CPU time of the build in microseconds, where it was measured. */
  readonly cpuUserUs?: number | undefined;
  readonly cpuSystemUs?: number | undefined;
  /** Largest memory of the build in bytes, where it was measured. Travels only where both sides are of this program. */
  readonly memoryPeakBytes?: number | undefined;
  /** By output name. */
  readonly builtOutputs: ReadonlyMap<string, Realisation>;
}

/** A result with what it answers. */
export interface KeyedBuildResult extends BuildResult {
  readonly path: DerivedPath;
}

/** What a result says of which no more than its status is known. */
export const BARE_RESULT: Omit<BuildResult, "status"> = {
  errorMessage: "",
  timesBuilt: 0,
  isNonDeterministic: false,
  startTime: 0,
  stopTime: 0,
  builtOutputs: new Map(),
};

export function isSuccess(result: BuildResult): boolean {
  return BUILD_STATUSES.indexOf(result.status) <= 2 || result.status === "ResolvesToAlreadyValid";
}
