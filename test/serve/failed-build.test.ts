import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildStatus, KeyedBuildResult } from "#nix/build-result.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { exitStatusOf } from "#serve/failed-build.ts";

for (const [what, failures, expected] of [
  ["a failed builder", [["PermanentFailure", ""]], 100],
  ["a time-out", [["TimedOut", ""]], 101],
  ["a hash mismatch", [["OutputRejected", "hash mismatch in fixed-output derivation 'x'"]], 102],
  ["a build that came out otherwise", [["NotDeterministic", ""]], 104],
  [
    "that and a failed builder",
    [
      ["NotDeterministic", ""],
      ["PermanentFailure", ""],
    ],
    108,
  ],
  ["a path that nobody has", [["NoSubstituters", ""]], 1],
] as const)
  test(`nix-store --realise ends with ${expected} after ${what}`, () => {
    const results = failures.map(([status, message]) => failed(status, message));
    assert.equal(exitStatusOf(results), expected);
  });

function failed(status: BuildStatus, errorMessage: string): KeyedBuildResult {
  const path = { kind: "opaque", path: parseStorePathBaseName(`${"a".repeat(32)}-x`) } as const;
  const times = { timesBuilt: 0, isNonDeterministic: false, startTime: 0, stopTime: 0 };
  return { status, errorMessage, path, builtOutputs: new Map(), ...times };
}
