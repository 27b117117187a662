import { setAlarm } from "./alarms.ts";
import { durationOn, transferMsOf } from "./cost.ts";
import { missingBytes } from "./locality.ts";
import type { Builder, PoolForClass, Run, ScoringSchedule, Task } from "./state.ts";

/**
 * `freeings` at the time when a task was held back, if that was a moment ago: what became free before need not be looked at again.
 * Below 0 for one that is to be looked at.
 */
export function heldSince({ nowMs }: ScoringSchedule, { hold }: Task): number {
  const isFresh = hold && hold.untilMs > nowMs && nowMs < hold.foundMs + WAIT_MS_MIN;
  return isFresh ? hold.foundAt : -1;
}

/**
 * Whether a task should rather wait for a busy builder than run on a free one: when it would end sooner. `ahead` other
 * tasks are expected to come first there. It waits at most for as long beyond what was first foreseen as it would have gained, so
 * that a wrong estimate costs at most twice that.
 */
export function shouldHold(schedule: ScoringSchedule, task: Task, free: FreeSlot): boolean {
  // What was lost once has waited long enough, and perhaps for the one that lost it.
  const better = task.losses.size === 0 ? betterWait(schedule, task, free) : undefined;
  if (!better) {
    task.hold = undefined;
    return false;
  }
  const { nowMs } = schedule;
  const { builder } = free;
  const gainMs = nowMs + durationOn(task, builder) + transferMs(schedule, task, builder) - better.endMs;
  const limitMs = task.hold?.limitMs ?? better.freeMs + gainMs;
  const untilMs = Math.min(Math.max(better.freeMs, nowMs + WAIT_MS_MIN), limitMs);
  if (gainMs < GAIN_MS_MIN || untilMs <= nowMs) {
    if (gainMs < GAIN_MS_MIN) task.hold = undefined;
    return false;
  }
  const foundMs = heldSince(schedule, task) < 0 ? nowMs : task.hold!.foundMs;
  task.hold = { limitMs, untilMs, builder: better.name, foundMs, foundAt: schedule.freeings };
  wakeFor(schedule, task, untilMs);
  return true;
}

export interface FreeSlot {
  readonly builder: Builder;
  /** Tasks that come first on any other builder. */
  readonly ahead: number;
}

interface Wait {
  readonly name: string;
  readonly freeMs: number;
  readonly endMs: number;
}

function betterWait(schedule: ScoringSchedule, task: Task, { builder, ahead }: FreeSlot): Wait | undefined {
  let best = waitForNearest(schedule, task, builder);
  let waited = 0;
  for (const one of task.kind.pools) {
    if (one.pool === builder.pool || waited++ === POOLS_WAITED_FOR) break;
    const wait = waitForPool(schedule, task, { one, ahead });
    if (wait && (!best || wait.endMs < best.endMs)) best = wait;
  }
  return best;
}

/** In a faster pool, after those that come first. */
function waitForPool(
  { nowMs }: ScoringSchedule,
  task: Task,
  { one: { pool, speed }, ahead }: { one: PoolForClass; ahead: number },
): Wait | undefined {
  if (pool.slotsUp === 0 || pool.ends.length === 0) return undefined;
  const durationMs = task.estimate.durationMs / speed;
  const run = pool.ends.at(ahead % pool.ends.length)!;
  const rounds = Math.floor(ahead / pool.ends.length);
  const freeMs = nowMs + leftMs(run, nowMs) + rounds * durationMs;
  return { name: run.builder.name, freeMs, endMs: freeMs + durationMs };
}

/** Where its inputs are, if that is another. */
function waitForNearest(schedule: ScoringSchedule, task: Task, builder: Builder): Wait | undefined {
  const { nearest } = task;
  if (!nearest || nearest === builder || nearest.state !== "up" || nearest.suspension) return undefined;
  if (schedule.weights.locality === 0 || !nearest.pool.classes.has(task.kind)) return undefined;
  let freeMs = Number.POSITIVE_INFINITY;
  for (const run of nearest.runs) freeMs = Math.min(freeMs, schedule.nowMs + leftMs(run, schedule.nowMs));
  if (!Number.isFinite(freeMs)) return undefined;
  return {
    name: nearest.name,
    freeMs,
    endMs: freeMs + durationOn(task, nearest) + transferMs(schedule, task, nearest),
  };
}

/** What has run for longer than was expected is expected to go on for half as long again. */
function leftMs({ startedMs, expectedEndMs }: Run, nowMs: number): number {
  return Math.max(expectedEndMs - nowMs, expectedEndMs > nowMs ? 0 : (nowMs - startedMs) / 2);
}

function transferMs(schedule: ScoringSchedule, task: Task, builder: Builder): number {
  return transferMsOf(schedule, missingBytes(task, builder));
}

function wakeFor(schedule: ScoringSchedule, { kind }: Task, atMs: number): void {
  if (kind.holdAlarmMs !== undefined && kind.holdAlarmMs <= atMs) return;
  kind.holdAlarmMs = atMs;
  setAlarm(schedule, atMs, { kind: "hold", of: kind });
}

/** The fastest; to wait for one that is hardly faster gains little. */
const POOLS_WAITED_FOR = 4;
/** How soon it is looked again at the earliest, unless something happens. */
const WAIT_MS_MIN = 1000;
/** Less is not worth an idle builder. */
const GAIN_MS_MIN = 500;
