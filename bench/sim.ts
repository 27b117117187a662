import type { Scheduler } from "#schedule/schedule.ts";
import { schedulerWith, scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import { corpusGraph } from "../test/sim/corpus-graph.ts";
import { lowerBoundMs } from "../test/sim/lower-bound.ts";
import type { Foresight } from "../test/sim/model.ts";
import { nixRule } from "../test/sim/nix-rule.ts";
import { type Arrival, type Scenario, type SimBuilder, simBuilder } from "../test/sim/scenario.ts";
import { type SimReport, simulate } from "../test/sim/simulate.ts";

/**
 * The scheduler beside others on real graphs, in simulated time: `bench/sim.ts [SEED…]`. Prints the table of docs/benchmarks.md: time
 * against the lower bound, and gigabytes of inputs that had to be moved, the mean of all seeds.
 */
const seeds = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 2, 3, 4, 5];

const CONTESTANTS: readonly [string, Scheduler<unknown>, boolean][] = [
  ["Elsewhere", scoringScheduler as Scheduler<unknown>, true],
  ["no locality", schedulerWith({ locality: 0 }) as Scheduler<unknown>, true],
  ["Nix's rule", nixRule as Scheduler<unknown>, false],
];

interface Setting {
  readonly name: string;
  readonly builders: readonly SimBuilder[];
  readonly arrivals: readonly Arrival[];
  readonly foresight?: Foresight;
  readonly lossShare?: number;
}

const SETTINGS: readonly (() => Setting)[] = [
  () => ({ name: "hello, 8 alike", builders: alike(8), arrivals: ask("hello-x86_64-linux") }),
  () => ({ name: "wine, 8 alike", builders: alike(8), arrivals: ask("wine-wow-x86_64-linux") }),
  () => ({ name: "firefox, 8 alike", builders: alike(8), arrivals: ask("firefox-x86_64-linux") }),
  () => ({ name: "fleet, 16 alike", builders: alike(16), arrivals: ask("fleet-x86_64-linux") }),
  () => ({
    name: "fleet, 16 alike, no history",
    builders: alike(16),
    arrivals: ask("fleet-x86_64-linux"),
    foresight: "none",
  }),
  () => ({ name: "iso, 3 fast and 9 slow", builders: unlike(), arrivals: ask("iso-minimal-x86_64-linux") }),
  () => ({
    name: "Mac's Linux VM, 3 systems",
    builders: mixed(),
    arrivals: ask("darwin-linux-builder-aarch64-darwin"),
  }),
  () => ({
    name: "fleet, 12 with troubles",
    builders: troubled(),
    arrivals: ask("fleet-x86_64-linux"),
    lossShare: 0.01,
  }),
  () => ({ name: "5 clients over time, 16 alike", builders: alike(16), arrivals: clients() }),
];

function alike(count: number): SimBuilder[] {
  return Array.from({ length: count }, (_, index) => simBuilder(`b${index}`));
}

function unlike(): SimBuilder[] {
  return Array.from({ length: 12 }, (_, index) =>
    simBuilder(`b${index}`, index < 3 ? { speedFactor: 3, maxJobs: 8 } : { maxJobs: 2 }),
  );
}

/** ARM Linux natively on two and emulated on four. */
function mixed(): SimBuilder[] {
  const of = (prefix: string, count: number, traits: Parameters<typeof simBuilder>[1]) =>
    Array.from({ length: count }, (_, index) => simBuilder(`${prefix}${index}`, traits));
  return [
    ...of("mac", 3, { systems: ["aarch64-darwin"] }),
    ...of("arm", 2, { systems: ["aarch64-linux"] }),
    ...of("x86", 4, { systems: ["x86_64-linux", "aarch64-linux"], emulatedSystems: ["aarch64-linux"] }),
  ];
}

/** One is ten times slower than it says, one is away for an hour, one's disk is full for two, one becomes slow. */
function troubled(): SimBuilder[] {
  const minutes = (count: number) => count * 60_000;
  const builders = alike(12);
  builders[0] = simBuilder("b0", {}, { pace: 0.1 });
  builders[1] = simBuilder(
    "b1",
    {},
    {
      incidents: [
        { atMs: minutes(50), kind: "down" },
        { atMs: minutes(110), kind: "up" },
      ],
    },
  );
  builders[2] = simBuilder(
    "b2",
    {},
    {
      incidents: [
        { atMs: minutes(20), kind: "disk-full" },
        { atMs: minutes(140), kind: "disk-freed" },
      ],
    },
  );
  builders[3] = simBuilder("b3", {}, { incidents: [{ atMs: minutes(30), kind: "pace", pace: 0.3 }] });
  return builders;
}

function ask(graph: string): Arrival[] {
  return [{ atMs: 0, request: "r", principal: "p", priority: 0, tasks: corpusGraph(graph) }];
}

function clients(): Arrival[] {
  return [
    "iso-minimal-x86_64-linux",
    "hello-x86_64-linux",
    "firefox-x86_64-linux",
    "wine-wow-x86_64-linux",
    "fleet-x86_64-linux",
  ].map((graph, index) => ({
    atMs: index * 600_000,
    request: graph,
    principal: `client${index}`,
    priority: 0,
    tasks: corpusGraph(graph),
  }));
}

function play({ name, ...setting }: Setting): void {
  const bounds: number[] = [];
  const reports = CONTESTANTS.map((): SimReport[] => []);
  for (const seed of seeds) {
    const scenario: Scenario = { seed, foresight: "history", lossShare: 0, failureShare: 0, ...setting };
    bounds.push(lowerBoundMs(scenario));
    for (const [index, [, scheduler, givesMachines]] of CONTESTANTS.entries())
      reports[index]!.push(simulate(scheduler, scenario, { reasonsEvery: 0, givesMachines }));
  }
  const cells = reports.map((some) => {
    const unbuilt = mean(some.map(({ ended }) => [...ended.values()].filter((end) => end !== "done").length));
    if (unbuilt > 0) return `${Math.round(unbuilt)} not built | `;
    const ratio = mean(some.map(({ makespanMs }, index) => makespanMs / bounds[index]!));
    return `${ratio.toFixed(3)} | ${(mean(some.map(({ movedBytes }) => movedBytes)) / 1e9).toFixed(1)}`;
  });
  const tasks = new Set(setting.arrivals.flatMap((one) => one.tasks.map(({ id }) => id))).size;
  console.log(`| ${name} | ${tasks} | ${(mean(bounds) / 3_600_000).toFixed(2)} h | ${cells.join(" | ")} |`);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

console.log(`| | builds | bound | ${CONTESTANTS.map(([name]) => `${name} | GB`).join(" | ")} |`);
console.log(`|---|--:|--:|${"--:|--:|".repeat(CONTESTANTS.length)}`);
for (const setting of SETTINGS) play(setting());
