import { setAlarm } from "../alarms.ts";
import { missingBytes } from "../builder/locality.ts";
import type { Builder, PoolForClass, Run, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { durationOn, transferMsOf } from "./cost.ts";

/** Whether a task was held back a moment ago. */
function isHeld({ nowMs }: ScoringSchedule, { hold }: Task): boolean {
  return hold !== undefined && hold.untilMs > nowMs && nowMs < hold.foundMs + WAIT_MS_MIN;
}

/** Whether a pool may have a slot for a task: one that is held back looks only at what became free since, and is fast enough. */
export function mayRelease(schedule: ScoringSchedule, task: Task, { pool, speed }: PoolForClass): boolean {
  if (!isHeld(schedule, task)) return true;
  return pool.freedAt > task.hold!.foundAt && !isHeldFrom(schedule, task, speed);
}

/** Whether a task is held back, and would be on any builder of a speed but the one that has its inputs. */
export function isHeldFrom(schedule: ScoringSchedule, task: Task, speed: number): boolean {
  if (!isHeld(schedule, task)) return false;
  const { endMs, transferMs } = task.hold!;
  return schedule.nowMs + task.durationMs / speed + transferMs >= endMs + GAIN_MS_MIN;
}

/** Leaves a task held back for as long as it is: somebody else may have been woken in its place. */
export function stayHeld(schedule: ScoringSchedule, task: Task): void {
  if (isHeld(schedule, task)) wakeFor(schedule, task, task.hold!.untilMs);
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
  const broughtMs = transferMsTo(schedule, task, builder);
  const gainMs = nowMs + durationOn(task, builder) + broughtMs - better.endMs;
  const limitMs = task.hold?.limitMs ?? better.freeMs + gainMs;
  const untilMs = Math.min(Math.max(better.freeMs, nowMs + WAIT_MS_MIN), limitMs);
  if (gainMs < GAIN_MS_MIN || untilMs <= nowMs) {
    if (gainMs < GAIN_MS_MIN) task.hold = undefined;
    return false;
  }
  const foundMs = isHeld(schedule, task) ? task.hold!.foundMs : nowMs;
  const { name, endMs } = better;
  const foundAt = schedule.freeings;
  task.hold = { limitMs, untilMs, builder: name, endMs, transferMs: broughtMs, foundMs, foundAt };
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
    best = waitForPool(schedule, task, { one, ahead, best });
  }
  return best;
}

/** In a faster pool, after those that come first; what was found before if that is better. */
function waitForPool(
  { nowMs }: ScoringSchedule,
  task: Task,
  { one: { pool, speed }, ahead, best }: { one: PoolForClass; ahead: number; best: Wait | undefined },
): Wait | undefined {
  const { ends } = pool;
  if (pool.slotsUp === 0 || ends.length === 0) return best;
  const durationMs = task.durationMs / speed;
  const place = ahead % ends.length;
  const dueMs = ends.keyAt(place)!;
  const nextMs = dueMs > nowMs ? dueMs : nowMs + leftMs(ends.at(place)!, nowMs);
  const freeMs = nextMs + Math.floor(ahead / ends.length) * (meanMsOf(task.kind) / speed);
  const endMs = freeMs + durationMs;
  return best && best.endMs <= endMs ? best : { name: ends.at(place)!.builder.name, freeMs, endMs };
}

/** Of what is to be done of a class, at speed 1. */
function meanMsOf({ workMs, open }: TaskClass): number {
  return workMs / Math.max(1, open);
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
    endMs: freeMs + durationOn(task, nearest) + transferMsTo(schedule, task, nearest),
  };
}

/** What has run for longer than was expected is expected to go on for half as long again. */
function leftMs({ startedMs, expectedEndMs }: Run, nowMs: number): number {
  return Math.max(expectedEndMs - nowMs, expectedEndMs > nowMs ? 0 : (nowMs - startedMs) / 2);
}

function transferMsTo(schedule: ScoringSchedule, task: Task, builder: Builder): number {
  return transferMsOf(schedule, missingBytes(task, builder), LINE_PRICE);
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
/** Between free builders it is higher: to wait for what need not be moved costs time too. */
const LINE_PRICE = 5;
/** Less is not worth an idle builder. */
const GAIN_MS_MIN = 500;
