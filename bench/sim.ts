import { schedulerWith, scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import { corpusGraph } from "../test/sim/corpus-graph.ts";
import { lowerBoundMs } from "../test/sim/lower-bound.ts";
import { nixRule } from "../test/sim/nix-rule.ts";
import { type Scenario, simBuilder } from "../test/sim/scenario.ts";
import { simulate } from "../test/sim/simulate.ts";

const graph = corpusGraph(process.argv[2] ?? "hello-x86_64-linux");
const alike = Array.from({ length: 8 }, (_, i) => simBuilder(`b${i}`));
const scenario: Scenario = {
  seed: 1,
  builders: alike,
  arrivals: [{ atMs: 0, request: "r", principal: "p", priority: 0, tasks: graph }],
  foresight: "history",
  lossShare: 0,
  failureShare: 0,
};
const bound = lowerBoundMs(scenario);
console.log("bound", bound);
const show = (name: string, run: () => ReturnType<typeof simulate>) => {
  const t = performance.now();
  const r = run();
  console.log(
    name,
    (r.makespanMs / bound).toFixed(3),
    (r.movedBytes / 1e6).toFixed(0),
    "MB",
    r.attempts,
    (performance.now() - t).toFixed(0),
    "ms",
  );
};
show("ours", () => simulate(scoringScheduler, scenario, { reasonsEvery: 0, givesMachines: true }));
show("no locality", () =>
  simulate(schedulerWith({ locality: 0 }), scenario, { reasonsEvery: 0, givesMachines: true }),
);
show("nix", () => simulate(nixRule, scenario, { reasonsEvery: 0, givesMachines: false }));
