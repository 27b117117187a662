import type { BuildTask } from "#schedule/schedule.ts";
import { corpusGraph } from "../test/sim/corpus-graph.ts";
import { tell, truthOf } from "../test/sim/model.ts";
import {
  type Cost,
  costOfDecisions,
  fleetOf,
  independent,
  type Load,
  layered,
} from "../test/sim/throughput.ts";

/**
 * What decisions of the scheduler cost: `bench/schedule.ts`. An assignment a second is an end that is taken and what is then placed, in
 * processor time of all threads of this process, with what the bench itself does; the request and what it places at once are apart.
 * An event is one call of `advance`, by the clock: measure on a machine that does nothing else.
 */
const real = fleetGraph();

const LOADS: readonly Load[] = [
  ...[10, 100, 1000].map((count) => ({
    name: `10,000 independent builds, ${count.toLocaleString("en")} builders alike`,
    tasks: independent(10_000),
    builders: fleetOf(count, () => ({})),
  })),
  ...[10, 100, 1000].map((count) => ({
    name: `the fleet's ${real.length.toLocaleString("en")}, ${count.toLocaleString("en")} builders alike`,
    tasks: real,
    builders: fleetOf(count, () => ({})),
  })),
  {
    name: "10,000 in three layers, 1,000 builders alike",
    tasks: layered(10_000, 4000),
    builders: fleetOf(1000, () => ({})),
  },
  {
    name: "10,000 in three layers, 1,000 builders of 40 speeds",
    tasks: layered(10_000, 4000),
    builders: fleetOf(1000, (index) => ({ speedFactor: 1.1 ** (index % 40) })),
  },
  {
    name: "100,000 in five layers, 1,000 builders alike",
    tasks: layered(100_000, 20_000),
    builders: fleetOf(1000, () => ({})),
  },
];

/** The fleet of the corpus as it is told in the simulations. */
function fleetGraph(): BuildTask[] {
  const how = { seed: 1, foresight: "history" } as const;
  return corpusGraph("fleet-x86_64-linux").map((sketch) => tell(sketch, truthOf(sketch, how.seed), how));
}

function line(name: string, cost: Cost): string {
  const whole = (value: number) => Math.round(value).toLocaleString("en");
  const cells = [
    whole(cost.assignmentsPerSecond),
    `${whole(cost.medianMicros)} µs`,
    `${whole(cost.p99Micros)} µs`,
    `${(cost.mostMicros / 1000).toFixed(1)} ms`,
    `${whole(cost.requestMs)} ms`,
    whole(cost.placedAtOnce),
  ];
  return `| ${name} | ${cells.join(" | ")} |`;
}

// As in a process that has run for a while.
for (const tasks of [layered(20_000, 4000), real])
  costOfDecisions({ name: "warm-up", tasks, builders: fleetOf(100, () => ({})) });
console.log("| | assignments/s | median | 99 of 100 | most | request | placed at once |");
console.log("|---|--:|--:|--:|--:|--:|--:|");
for (const load of LOADS) console.log(line(load.name, costOfDecisions(load)));
