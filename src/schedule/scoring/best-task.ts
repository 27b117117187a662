import { canTake } from "./admission.ts";
import { heldSince, shouldHold } from "./holding.ts";
import { homeliness } from "./locality.ts";
import type { Builder, PoolForClass, ScoringSchedule, Task, TaskClass } from "./state.ts";
import type { Placement, Turn } from "./turn.ts";

/**
 * While there are more tasks than slots: a task for the fastest free builder. What the end of everything hangs on goes first;
 * among what has time, that which finds most of its inputs there and nowhere else.
 */
export function bestTask(schedule: ScoringSchedule, turn: Turn): Placement | undefined {
  for (const one of turn.kind.pools) {
    if (one.pool.freeSlots === 0) continue;
    let looked = 0;
    let found: Placement | undefined;
    one.pool.free.some((builder) => {
      const task = taskFor(schedule, turn, { builder, speed: one.speed });
      if (task) found = { task, builder };
      return found !== undefined || ++looked === BUILDERS_LOOKED_AT;
    });
    if (found) return found;
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
  const { queue, kind } = turn;
  let best: Task | undefined;
  let most = Number.NEGATIVE_INFINITY;
  const consider = (task: Task, place: number) => {
    // No gain is larger than that.
    if (task.nearestBytes < most) return;
    const gain = homeliness(task, slot.builder) * schedule.weights.locality;
    const isBetter = gain > most || (gain === most && task.urgency > best!.urgency);
    if (!isBetter || !fits(schedule, task, { slot, place })) return;
    most = gain;
    best = task;
  };
  if (schedule.weights.locality > 0) {
    let looked = 0;
    slot.builder.near.some((task) => {
      if (
        task.kind === kind &&
        task.nearestBytes >= most &&
        (start === 0 || queue.rankOf(task) >= start) &&
        isIn(turn, task)
      )
        consider(task, start);
      return ++looked === TASKS_LOOKED_AT;
    });
  }
  let place = start;
  queue.some((task) => {
    consider(task, place++);
    return place === start + TASKS_LOOKED_AT;
  }, start);
  return best;
}

function fits(
  schedule: ScoringSchedule,
  task: Task,
  { slot: { builder }, place }: { slot: Slot; place: number },
): boolean {
  if (builder !== task.nearest && heldSince(schedule, task) >= builder.pool.freedAt) return false;
  return canTake(schedule, task, builder) && !shouldHold(schedule, task, { builder, ahead: place });
}

function isIn({ principal, kind }: Turn, { requests }: Task): boolean {
  if (kind.queues.size === 1) return true;
  for (const request of requests) if (request.principal === principal && !request.stopped) return true;
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

const TASKS_LOOKED_AT = 8;
/** The least loaded of a pool; for want of memory or disk, the first may not do. */
const BUILDERS_LOOKED_AT = 8;
/** After so many others the most urgent task goes first wherever its inputs are. */
const PASSED_OVER_MAX = 200;
const PRESSING_SHARE = 0.7;
