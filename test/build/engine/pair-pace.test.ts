import assert from "node:assert/strict";
import { test } from "node:test";
import { PairPace } from "#build/engine/feed/pair-pace.ts";

test("a way that stands open goes before one that is still to be opened", () => {
  const pace = new PairPace();
  pace.begin("a", 1000, 0)(20, true);
  assert.ok(pace.expectedMs("a") < pace.expectedMs("b"));
});

test("what is on a way makes it longer until it is there, and much of it longer than to open another", () => {
  const pace = new PairPace();
  pace.begin("a", 1000, 0)(20, true);
  const idle = pace.expectedMs("a");
  const little = pace.begin("a", 100_000, 50);
  assert.ok(pace.expectedMs("a") > idle);
  const much = pace.begin("a", 1 << 30, 50);
  assert.ok(pace.expectedMs("a") > pace.expectedMs("b"));
  much(60, false);
  little(60, false);
  assert.equal(pace.expectedMs("a"), idle);
});

test("a slow way is expected to be slow, and the newest counts most", () => {
  const pace = new PairPace();
  for (const way of ["slow", "fast"]) pace.begin(way, 10, 0)(10, true);
  for (let at = 0; at < 10; at++) {
    pace.begin("slow", 1 << 20, 0)(1010, true);
    pace.begin("fast", 1 << 20, 0)(20, true);
  }
  for (const way of ["slow", "fast"]) pace.begin(way, 1 << 20, 0);
  assert.ok(pace.expectedMs("slow") > 900 && pace.expectedMs("slow") < 1100, `${pace.expectedMs("slow")}`);
  assert.ok(pace.expectedMs("fast") < 40, `${pace.expectedMs("fast")}`);
});
