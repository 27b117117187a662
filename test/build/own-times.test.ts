import assert from "node:assert/strict";
import { test } from "node:test";
import { withOwnTimes } from "#build/engine/attempt/own-times.ts";
import type { BuildResult } from "#nix/build-result.ts";

const NOW_MS = 1_700_000_000_000;

function told(startTime: number, stopTime: number): BuildResult {
  const rest = { errorMessage: "", timesBuilt: 1, isNonDeterministic: false, builtOutputs: new Map() };
  return { status: "Built", startTime, stopTime, ...rest };
}

function durationMs({ startTime, stopTime }: BuildResult): number {
  return Math.round((stopTime - startTime) * 1000);
}

test("a short build takes as long as we saw, not the second that the builder tells", () => {
  assert.equal(durationMs(withOwnTimes(told(1000, 1001), NOW_MS, NOW_MS + 210)), 210);
  assert.equal(durationMs(withOwnTimes(told(1000, 1000), NOW_MS, NOW_MS + 210)), 210);
});

test("a wait before the build is not counted beyond what the builder tells", () => {
  assert.equal(durationMs(withOwnTimes(told(1000, 1002), NOW_MS, NOW_MS + 60_000)), 3000);
});

test("a builder that tells fractions, or no times, is left alone", () => {
  const exact = told(1000.25, 1000.5);
  assert.equal(withOwnTimes(exact, NOW_MS, NOW_MS + 9000), exact);
  const silent = told(0, 0);
  assert.equal(withOwnTimes(silent, NOW_MS, NOW_MS + 9000), silent);
});
