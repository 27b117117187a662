import type { BuildResult } from "#nix/build-result.ts";

/**
 * The result with times as we saw them, in ms since the epoch: builders tell whole seconds, which for a short
 * build say nothing. What we saw may include a wait, so it goes no farther than what the builder told.
 */
export function withOwnTimes(result: BuildResult, begunMs: number, endedMs: number): BuildResult {
  const { startTime, stopTime } = result;
  if (startTime === 0 || !Number.isInteger(startTime) || !Number.isInteger(stopTime)) return result;
  const toldMs = (stopTime - startTime) * 1000;
  const durationMs = Math.min(Math.max(endedMs - begunMs, toldMs - ROUNDING_MS), toldMs + ROUNDING_MS);
  return { ...result, startTime: (endedMs - durationMs) / 1000, stopTime: endedMs / 1000 };
}

/** Two times that were cut to whole seconds are less than this farther apart, or nearer, than they say. */
const ROUNDING_MS = 1000;
