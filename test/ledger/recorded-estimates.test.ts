import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildSample, Ledger } from "#ledger/ledger.ts";
import { recordedEstimates } from "#ledger/recorded-estimates.ts";

const BASE = { name: "hello", system: "x86_64-linux", builder: "box", endedMs: 0 };

function ledgerOf(samples: readonly BuildSample[]): Ledger {
  const asked = async (names: readonly string[], each: number) =>
    names.flatMap((name) => samples.filter((sample) => sample.name === name).slice(0, each));
  return { samples: asked } as unknown as Ledger;
}

test("a build will take what the middle one of its name took, whatever its version, on a builder of speed 1", async () => {
  const samples = [100, 110, 9000, 90, 105].map((durationMs) => ({ ...BASE, durationMs, outputBytes: 7 }));
  const estimates = await recordedEstimates(ledgerOf(samples), ["hello-3.0"], () => 2);
  assert.deepEqual(estimates.estimateOf("hello", "x86_64-linux"), {
    durationMs: 210,
    memoryBytes: 0,
    outputBytes: 7,
  });
  assert.equal(estimates.estimateOf("hello", "aarch64-linux"), undefined);
  assert.equal(estimates.estimateOf("other", "x86_64-linux"), undefined);
});

test("of memory the most counts that one of them needed", async () => {
  const samples = [5, 50, undefined, 20].map((memoryPeakBytes) => ({
    ...BASE,
    durationMs: 1,
    memoryPeakBytes,
  }));
  const estimates = await recordedEstimates(ledgerOf(samples), ["hello"], () => 1);
  assert.equal(estimates.estimateOf("hello", "x86_64-linux")?.memoryBytes, 50);
});
