import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildSample } from "#ledger/ledger.ts";
import { measureSpeeds } from "#ledger/measured-speed.ts";

const DECLARED = new Map([
  ["fast", 1],
  ["slow", 1],
]);

/** `rounds` builds of several names on a builder that takes `ms` for the first, twice that for the second, … */
function builds(builder: string, ms: number, { rounds = 4, endedMs = 0 } = {}): BuildSample[] {
  return ["a", "b", "c"].flatMap((name, index) =>
    Array.from({ length: rounds }, (_, round) => ({
      name,
      system: "x86_64-linux",
      builder,
      durationMs: ms * (index + 1),
      endedMs: endedMs + round,
    })),
  );
}

test("what takes a builder four times as long makes it a quarter as fast, whatever was declared", () => {
  const speeds = measureSpeeds([...builds("fast", 2000), ...builds("slow", 8000)], DECLARED);
  const ratio = speeds.get("fast")!.factor / speeds.get("slow")!.factor;
  assert.ok(Math.abs(ratio - 4) < 0.2, String(ratio));
  const middle = Math.sqrt(speeds.get("fast")!.factor * speeds.get("slow")!.factor);
  assert.ok(middle > 0.5 && middle < 2, "on the whole they are as fast as was said");
});

test("one build that went badly changes nothing", () => {
  const bad = { ...builds("fast", 2000)[0]!, durationMs: 900_000 };
  const speeds = measureSpeeds([...builds("fast", 2000), ...builds("slow", 2000), bad], DECLARED);
  assert.ok(Math.abs(speeds.get("fast")!.factor / speeds.get("slow")!.factor - 1) < 0.05);
});

test("an old bad rating goes when newer builds are better", () => {
  const old = builds("fast", 40_000, { rounds: 20 });
  const recent = builds("fast", 2000, { rounds: 17, endedMs: 1000 });
  const speeds = measureSpeeds([...old, ...recent, ...builds("slow", 2000, { rounds: 17 })], DECLARED);
  assert.ok(Math.abs(speeds.get("fast")!.factor / speeds.get("slow")!.factor - 1) < 0.1);
});

test("of a builder that shares no work with others, or has done too little, nothing is said", () => {
  const alone = builds("fast", 2000).map((sample) => ({ ...sample, name: `only-${sample.name}` }));
  assert.equal(measureSpeeds([...alone, ...builds("slow", 2000)], DECLARED).size, 0);
  const short = builds("fast", 10);
  assert.equal(measureSpeeds([...short, ...builds("slow", 10)], DECLARED).size, 0);
  assert.equal(measureSpeeds([], DECLARED).size, 0);
});
