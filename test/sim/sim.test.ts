import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { withoutShared } from "#rig/shared.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import { chance } from "./chance.ts";
import { corpusGraph } from "./corpus-graph.ts";
import { lowerBoundMs } from "./lower-bound.ts";
import type { SketchedTask } from "./model.ts";
import { nixRule } from "./nix-rule.ts";
import { type Scenario, simBuilder } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { arrival, closureOf, fleet, graphOf } from "./worlds.ts";

const anyPicks = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 60 });

test("whatever builders and clients do, every build ends, once, and each that waits names its reason", () => {
  fc.assert(
    fc.property(anyPicks, fc.nat(10_000), (picks, seed) => {
      const tasks = graphOf(picks, seed);
      const scenario: Scenario = {
        seed,
        builders: fleet(seed),
        arrivals: [
          arrival(tasks, { request: "all" }),
          arrival(closureOf(tasks, tasks.slice(-3)), {
            request: "later",
            principal: "q",
            priority: 1,
            atMs: 30_000,
          }),
          arrival(closureOf(tasks, tasks.slice(0, 9)), {
            request: "withdrawn",
            principal: "s",
            atMs: 5000,
            withdrawnAtMs: 90_000,
          }),
        ],
        foresight: seed % 3 === 0 ? "none" : "history",
        lossShare: 0.1,
        failureShare: seed % 2 === 0 ? 0.05 : 0,
      };
      const report = simulate(scoringScheduler, scenario);
      for (const [id, end] of report.ended) {
        assert.ok(end !== undefined, id);
        if (scenario.failureShare === 0) assert.notEqual(end, "skipped", id);
      }
    }),
    { numRuns: 150 },
  );
});

test("a request that is withdrawn leaves what others need, and nothing else is begun", () => {
  fc.assert(
    fc.property(anyPicks, fc.nat(10_000), (picks, seed) => {
      const tasks = graphOf(picks, seed);
      const kept = closureOf(tasks, tasks.slice(0, 3));
      const report = simulate(scoringScheduler, {
        seed,
        builders: fleet(seed),
        arrivals: [
          arrival(kept, { request: "kept" }),
          arrival(tasks, { request: "gone", withdrawnAtMs: 20_000 }),
        ],
        foresight: "history",
        lossShare: 0,
        failureShare: 0,
      });
      for (const { id } of kept) assert.equal(report.ended.get(id), "done", id);
    }),
    { numRuns: 100 },
  );
});

test("the same seed and the same inputs give the same placement, in whatever order tasks are named", () => {
  const tasks = graphOf(
    Array.from({ length: 80 }, (_, i) => [
      Math.floor(chance("a", i) * 1000),
      Math.floor(chance("b", i) * 1000),
    ]),
    7,
  );
  const play = (given: readonly SketchedTask[]) =>
    simulate(scoringScheduler, {
      seed: 7,
      builders: fleet(7),
      arrivals: [arrival(given)],
      foresight: "history",
      lossShare: 0.1,
      failureShare: 0,
    }).placements;
  const once = play(tasks);
  assert.deepEqual(play(tasks), once);
  // Needs stay before what needs them, but unrelated tasks change places.
  const depth = new Map<string, number>();
  for (const { id, needs } of tasks) depth.set(id, 1 + Math.max(0, ...needs.map((need) => depth.get(need)!)));
  const shuffled = [...tasks].sort(
    (a, b) => depth.get(a.id)! - depth.get(b.id)! || chance(a.id) - chance(b.id),
  );
  assert.deepEqual(play(shuffled), once);
});

test("a lone builder that takes graphs is handed all of it and does it", () => {
  const tasks = graphOf(
    Array.from({ length: 40 }, (_, i) => [i, i * 3]),
    3,
  ).map((task) => ({ ...task, system: "x86_64-linux", features: [] }));
  const report = simulate(scoringScheduler, {
    seed: 3,
    builders: [simBuilder("box", { takesGraphs: true })],
    arrivals: [arrival(tasks)],
    foresight: "history",
    lossShare: 0.05,
    failureShare: 0,
  });
  assert.deepEqual(new Set(report.ended.values()), new Set(["done"]));
});

test("on real graphs it is near the bound, no worse than Nix's rule, and moves half as much", {
  skip: withoutShared,
}, () => {
  const moved = { ours: 0, nix: 0 };
  for (const graph of ["hello-aarch64-darwin", "hello-x86_64-linux"]) {
    const tasks = corpusGraph(graph);
    for (const seed of [1, 2, 3]) {
      const systems = ["aarch64-darwin", "x86_64-linux", "i686-linux"];
      const scenario: Scenario = {
        seed,
        builders: Array.from({ length: 8 }, (_, i) => simBuilder(`b${i}`, { systems })),
        arrivals: [arrival(tasks)],
        foresight: "history",
        lossShare: 0,
        failureShare: 0,
      };
      const bound = lowerBoundMs(scenario);
      const ours = simulate(scoringScheduler, scenario, { reasonsEvery: 200, givesMachines: true });
      const nix = simulate(nixRule, scenario, { reasonsEvery: 0, givesMachines: false });
      assert.ok(ours.makespanMs <= bound * 1.05, `${graph} ${seed}: ${ours.makespanMs / bound} of the bound`);
      assert.ok(ours.makespanMs <= nix.makespanMs, `${graph} ${seed}: slower than Nix's rule`);
      moved.ours += ours.movedBytes;
      moved.nix += nix.movedBytes;
    }
  }
  assert.ok(moved.ours <= moved.nix / 2, `${moved.ours / moved.nix} of the bytes`);
});
