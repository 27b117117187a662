import { DEFAULT_ESTIMATE } from "#schedule/estimate.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Advance, BuildTask, ScheduleEvent } from "#schedule/schedule.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import type { ScoringSchedule } from "#schedule/scoring/state.ts";
import { chance } from "./chance.ts";
import { simBuilder } from "./scenario.ts";

export interface Load {
  readonly name: string;
  readonly tasks: readonly BuildTask[];
  readonly builders: readonly BuilderTraits[];
}

/** What decisions cost. */
export interface Cost {
  /** Pairs of an end and of the assignments that it leads to, one each in the long run: how many in a second of processor time. */
  readonly assignmentsPerSecond: number;
  /** To take such an event, in microseconds by the clock: at most so long for half of all events, for 99 of 100, for all. */
  readonly medianMicros: number;
  readonly p99Micros: number;
  readonly mostMicros: number;
  /** To take the request and to place what can run at once. */
  readonly requestMs: number;
  readonly placedAtOnce: number;
}

/** Plays a load to its end, where what began first ends first: for the rate, the best of some, and once with each event measured by itself. */
export function costOfDecisions(load: Load): Cost {
  const plays = Array.from({ length: PLAYS }, () => play(load)).sort((a, b) => a.eventsMs - b.eventsMs);
  const { requestMs, placedAtOnce, eventsMs } = plays[0]!;
  const each: number[] = [];
  play(load, (micros) => each.push(micros));
  each.sort((a, b) => a - b);
  const at = (share: number) => each[Math.floor((each.length - 1) * share)]!;
  return {
    assignmentsPerSecond: (load.tasks.length - placedAtOnce) / (eventsMs / 1000),
    medianMicros: at(0.5),
    p99Micros: at(0.99),
    mostMicros: at(1),
    requestMs,
    placedAtOnce,
  };
}

/** Builds that need nothing of each other, of 10 to 70 seconds, each with one of a thousand sources. */
export function independent(count: number): BuildTask[] {
  return Array.from({ length: count }, (_, index) => taskOf(index, []));
}

/** Each needs some of the layer before. */
export function layered(count: number, width: number): BuildTask[] {
  return Array.from({ length: count }, (_, index) => {
    const below = Math.floor(index / width) - 1;
    const needs = [0, 1, 2].map((pick) => `t${below * width + Math.floor(chance(index, pick) * width)}`);
    return taskOf(index, below < 0 ? [] : [...new Set(needs)]);
  });
}

export function fleetOf(count: number, traits: (index: number) => Partial<BuilderTraits>): BuilderTraits[] {
  return Array.from({ length: count }, (_, index) => simBuilder(`b${index}`, traits(index)).traits);
}

function taskOf(index: number, needs: readonly string[]): BuildTask {
  return {
    id: `t${index}`,
    requirement: { system: "x86_64-linux", features: [], preferLocal: false },
    needs,
    inputs: [{ path: `s${index % 1000}`, bytes: 10_000 }],
    estimate: { ...DEFAULT_ESTIMATE, basis: "history", durationMs: 10_000 + chance(index) * 60_000 },
  };
}

/** The first of a kind is slower, as code is compiled for it. */
const PLAYS = 4;

interface Play {
  readonly requestMs: number;
  readonly placedAtOnce: number;
  readonly eventsMs: number;
}

function play({ tasks, builders }: Load, note?: (micros: number) => void): Play {
  const policy = { attemptsMax: 3, othersMax: 0, waitsForBuilders: true };
  let schedule: ScoringSchedule = scoringScheduler.begin(builders, policy);
  const durations = new Map(
    tasks.map(({ id, estimate }) => [id, estimate.durationMs * (0.8 + 0.4 * chance(id))]),
  );
  const speeds = new Map(builders.map(({ name, speedFactor }) => [name, speedFactor]));
  const running: { task: string; builder: string; durationMs: number }[] = [];
  const tell = (event: ScheduleEvent) => begin(scoringScheduler.advance(schedule, event));
  const begin = (result: Advance<ScoringSchedule>) => {
    schedule = result.schedule;
    for (const decision of result.decisions)
      if (decision.kind === "assign") {
        const { builder } = decision;
        for (const task of decision.tasks)
          running.push({ task, builder, durationMs: durations.get(task)! / speeds.get(builder)! });
      }
  };
  let atMs = 1;
  for (const { name } of builders) tell({ kind: "builder-changed", builder: name, state: "up", atMs });
  const request = { request: "r", principal: "p", priority: 0, keepGoing: true };
  const asked = process.cpuUsage();
  tell({ kind: "requested", ...request, tasks, atMs });
  const requestMs = spentMs(asked);
  const placedAtOnce = running.length;
  const begun = process.cpuUsage();
  for (let next = 0; next < running.length; next++) {
    atMs += 7;
    const { task, builder, durationMs } = running[next]!;
    const before = note && performance.now();
    const result = scoringScheduler.advance(schedule, { kind: "succeeded", task, builder, durationMs, atMs });
    if (before !== undefined) note!((performance.now() - before) * 1000);
    begin(result);
  }
  if (running.length !== tasks.length) throw new Error(`${running.length} of ${tasks.length} ran`);
  return { requestMs, placedAtOnce, eventsMs: spentMs(begun) };
}

function spentMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
