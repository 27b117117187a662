import { DEFAULT_ESTIMATE } from "#schedule/estimate.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import type { BuildTask, Decision, ScheduleEvent } from "#schedule/schedule.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import type { ScoringSchedule } from "#schedule/scoring/state.ts";
import { chance } from "./chance.ts";
import { simBuilder } from "./scenario.ts";

/** What decisions cost in real time, in lines to print. */
export function measureDecisions(): string[] {
  // As in a process that has run for a while.
  measure("warm-up", { tasks: layered(20_000, 4000), builders: builders(100, () => ({})) });
  return [
    measure("10,000 builds in layers, 1,000 builders alike, 4 slots each", {
      tasks: layered(10_000, 4000),
      builders: builders(1000, () => ({})),
    }),
    measure("10,000 builds in layers, 1,000 builders of 40 speeds", {
      tasks: layered(10_000, 4000),
      builders: builders(1000, (index) => ({ speedFactor: 1.1 ** (index % 40) })),
    }),
    measure("100,000 builds in layers, 1,000 builders alike", {
      tasks: layered(100_000, 20_000),
      builders: builders(1000, () => ({})),
    }),
    measure("10,000 builds in layers, 10 builders", {
      tasks: layered(10_000, 500),
      builders: builders(10, () => ({ maxJobs: 16 })),
    }),
  ];
}

interface Load {
  readonly tasks: readonly BuildTask[];
  readonly builders: readonly BuilderTraits[];
}

/** Ends whatever began first, until all has ended. */
function measure(name: string, { tasks, builders }: Load): string {
  let schedule: ScoringSchedule = scoringScheduler.begin(builders, {
    attemptsMax: 3,
    othersMax: 0,
    waitsForBuilders: true,
  });
  const running: { task: string; builder: string }[] = [];
  const costs: number[] = [];
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const speeds = new Map(builders.map(({ name, speedFactor }) => [name, speedFactor]));
  const speedOf = (name: string) => speeds.get(name)!;
  let atMs = 1;
  const tell = (event: ScheduleEvent) => {
    const begunMs = performance.now();
    const result = scoringScheduler.advance(schedule, event);
    costs.push(performance.now() - begunMs);
    schedule = result.schedule;
    for (const decision of result.decisions) begin(decision);
  };
  const begin = (decision: Decision) => {
    if (decision.kind === "assign") running.push({ task: decision.tasks[0]!, builder: decision.builder });
  };
  for (const { name } of builders) tell({ kind: "builder-changed", builder: name, state: "up", atMs });
  const asked = { request: "r", principal: "p", priority: 0, keepGoing: true };
  costs.length = 0;
  tell({ kind: "requested", ...asked, tasks, atMs });
  const firstMs = costs.pop()!;
  const placedAtOnce = running.length;
  const begunCpu = process.cpuUsage();
  for (let next = 0; next < running.length; next++) {
    atMs += 7;
    const { task } = running[next]!;
    const durationMs =
      (byId.get(task)!.estimate.durationMs * (0.8 + 0.4 * chance(task))) / speedOf(running[next]!.builder);
    tell({ kind: "succeeded", ...running[next]!, durationMs, atMs });
  }
  if (running.length !== tasks.length) throw new Error(`${running.length} of ${tasks.length} ran`);
  const totalMs = (process.cpuUsage(begunCpu).user + process.cpuUsage(begunCpu).system) / 1000;
  const sorted = costs.sort((a, b) => a - b);
  const at = (share: number) => `${(sorted[Math.floor((sorted.length - 1) * share)]! * 1000).toFixed(0)} µs`;
  const rate = Math.round((running.length - placedAtOnce) / (totalMs / 1000));
  return (
    `${name}: ${rate.toLocaleString("en")} assignments/s; an event costs ${at(0.5)} at the median, ${at(0.99)} at the 99th ` +
    `of 100, ${at(1)} at most; taking the request and placing the first ${placedAtOnce} took ${firstMs.toFixed(0)} ms`
  );
}

/** Each needs some of the layer before. */
function layered(count: number, width: number): BuildTask[] {
  return Array.from({ length: count }, (_, index) => {
    const below = Math.floor(index / width) - 1;
    const needs = [0, 1, 2].map((pick) => `t${below * width + Math.floor(chance(index, pick) * width)}`);
    return {
      id: `t${index}`,
      requirement: { system: "x86_64-linux", features: [], preferLocal: false },
      needs: below < 0 ? [] : [...new Set(needs)],
      inputs: [{ path: `s${index % 1000}`, bytes: 10_000 }],
      estimate: { ...DEFAULT_ESTIMATE, basis: "history", durationMs: 10_000 + chance(index) * 60_000 },
    };
  });
}

function builders(count: number, traits: (index: number) => Partial<BuilderTraits>): BuilderTraits[] {
  return Array.from({ length: count }, (_, index) => simBuilder(`b${index}`, traits(index)).traits);
}
