import { canTake } from "../builder/admission.ts";
import { homeliness } from "../builder/locality.ts";
import type { Builder, PoolForClass, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { mayRelease, shouldHold, stayHeld } from "./holding.ts";
import type { Placement, Turn } from "./turn.ts";

/**
 * While there are more tasks than slots: a task for the fastest free builder. What the end of everything hangs on goes first;
 * among what has time, that which finds most of its inputs there and nowhere else.
 */
export function bestTask(schedule: ScoringSchedule, turn: Turn): Placement | undefined {
  for (const one of turn.kind.pools) {
    if (one.pool.freeSlots === 0) continue;
    for (let i = 0; i < BUILDERS_LOOKED_AT; i++) {
      const builder = one.pool.free.at(i);
      if (!builder) break;
      const task = taskFor(schedule, turn, { builder, speed: one.speed });
      if (task) return { task, builder };
    }
  }
  return undefined;
}

interface Slot {
  readonly builder: Builder;
  readonly speed: number;
}

function taskFor(schedule: ScoringSchedule, turn: Turn, slot: Slot): Task | undefined {
  const { kind, queue } = turn;
  const first = queue.first!;
  const start = placeToLook(kind, slot, queue.length);
  const isFirstsTurn = start === 0 && (first.passedOver >= PASSED_OVER_MAX || isPressing(kind, first));
  if (isFirstsTurn && fits(schedule, first, { slot, place: 0 })) return first;
  const best = mostAtHome(schedule, turn, { slot, start });
  if (best && best !== first) first.passedOver++;
  return best;
}

/** Of the most urgent and of those whose inputs are here, the one that gains most by running here; among equals the most urgent. */
function mostAtHome(
  schedule: ScoringSchedule,
  turn: Turn,
  { slot, start }: { slot: Slot; start: number },
): Task | undefined {
  const { queue } = turn;
  let best: Find | undefined;
  if (schedule.weights.locality > 0)
    for (const task of slot.builder.near.slice(0, TASKS_LOOKED_AT))
      if (isIn(turn, task, start)) best = homelier(schedule, best, { task, slot, place: start });
  let place = start;
  for (const task of queue.slice(start, start > 0 ? LATER_TASKS_LOOKED_AT : TASKS_LOOKED_AT))
    best = homelier(schedule, best, { task, slot, place: place++ });
  return best?.task;
}

interface Find {
  readonly task: Task;
  readonly gainBytes: number;
}

function homelier(
  schedule: ScoringSchedule,
  best: Find | undefined,
  { task, slot, place }: { task: Task; slot: Slot; place: number },
): Find | undefined {
  // No gain is larger than that.
  if (best && task.nearestBytes < best.gainBytes) return best;
  const gainBytes = homeliness(task, slot.builder) * schedule.weights.locality;
  const isWorse = best && (best.gainBytes - gainBytes || best.task.urgency - task.urgency) >= 0;
  return isWorse || !fits(schedule, task, { slot, place }) ? best : { task, gainBytes };
}

function fits(
  schedule: ScoringSchedule,
  task: Task,
  { slot: { builder, speed }, place }: { slot: Slot; place: number },
): boolean {
  if (builder !== task.nearest && !mayRelease(schedule, task, { pool: builder.pool, speed })) {
    stayHeld(schedule, task);
    return false;
  }
  return canTake(schedule, task, builder) && !shouldHold(schedule, task, { builder, ahead: place });
}

/** Whether a task is among those whose turn it is, from a place on. */
function isIn({ principal, kind, queue }: Turn, task: Task, start: number): boolean {
  if (task.kind !== kind || (start > 0 && queue.rankOf(task) < start)) return false;
  if (kind.queues.size === 1) return true;
  for (const request of task.requests) if (request.principal === principal && !request.stopped) return true;
  return false;
}

/**
 * Where in the queue to look for a slow builder. What stands before will be done by faster ones
 * before the slow one could end it.
 */
function placeToLook({ pools }: TaskClass, { builder, speed }: Slot, length: number): number {
  let ahead = 0;
  for (const one of pools) {
    if (one.pool === builder.pool) break;
    ahead += one.pool.slotsUp * Math.max(0, one.speed / speed - 1);
  }
  return Math.max(0, Math.min(Math.ceil(ahead), length - TASKS_LOOKED_AT));
}

/** Whether the chain that begins with a task takes nearly as long as everything that is left, spread over all slots. */
function isPressing(kind: TaskClass, { pathMs }: Task): boolean {
  return pathMs >= PRESSING_SHARE * (kind.workMs / Math.max(1, slotsBySpeed(kind.pools)));
}

function slotsBySpeed(pools: readonly PoolForClass[]): number {
  let sum = 0;
  for (const { pool, speed } of pools) sum += pool.slotsUp * speed;
  return sum;
}

const TASKS_LOOKED_AT = 4;
/** For a slow builder, since most would rather wait for a fast one. */
const LATER_TASKS_LOOKED_AT = 16;
/** The least loaded of a pool; for want of memory or disk, the first may not do. */
const BUILDERS_LOOKED_AT = 8;
/** After so many others the most urgent task goes first wherever its inputs are. */
const PASSED_OVER_MAX = 200;
const PRESSING_SHARE = 0.7;
