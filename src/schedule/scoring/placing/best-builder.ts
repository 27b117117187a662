import { canTake } from "../builder/admission.ts";
import { SPEED_STEP } from "../builder/classes.ts";
import { freeSlotsOf } from "../builder/pools.ts";
import type { Builder, Pool, PoolForClass, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { costOf } from "./cost.ts";
import { isHeldFrom, mayRelease, shouldHold, stayHeld } from "./holding.ts";
import type { Placement, Turn } from "./turn.ts";

/** While there are more slots than tasks: the best builder for the most urgent task that need not wait for a better one. */
export function bestBuilder(schedule: ScoringSchedule, { kind, queue }: Turn): Placement | undefined {
  const open = openPools(kind);
  let ahead = 0;
  for (const task of queue.slice(0, TASKS_LOOKED_AT)) {
    const isReleased = mayBeReleased(schedule, task, open);
    const builder = isReleased ? cheapest(schedule, task) : undefined;
    if (builder && !shouldHold(schedule, task, { builder, ahead })) return { task, builder };
    if (!isReleased) stayHeld(schedule, task);
    if (builder || !isReleased) ahead++;
  }
  return undefined;
}

/** The fastest with free slots: where a builder is looked for. */
function openPools({ pools }: TaskClass): PoolForClass[] {
  const open: PoolForClass[] = [];
  for (const one of pools) if (one.pool.freeSlots > 0 && open.push(one) === POOLS_COMPARED) break;
  return open;
}

function mayBeReleased(schedule: ScoringSchedule, task: Task, open: readonly PoolForClass[]): boolean {
  const { hold, nearest } = task;
  if (hold && nearest?.name === hold.builder && freeSlotsOf(nearest) > 0) return true;
  const [fastest] = open;
  if (fastest && isHeldFrom(schedule, task, fastest.speed)) return false;
  for (const one of open) if (mayRelease(schedule, task, one)) return true;
  return false;
}

/** The free builder that costs a task least, of some of the fastest and of those that hold its inputs. */
function cheapest(schedule: ScoringSchedule, task: Task): Builder | undefined {
  let best = cheapestHolder(schedule, task);
  let pools = 0;
  for (const one of task.kind.pools) {
    const { pool, speed } = one;
    if (pool.freeSlots === 0) continue;
    const isWorse = best && !pool.traits.local && task.durationMs > best.costMs * speed * SPEED_STEP;
    if (!isWorse && mayRelease(schedule, task, one)) {
      const offer = cheapestIn(schedule, task, pool);
      if (!offer) continue;
      best = cheaper(best, offer);
    }
    if (++pools === POOLS_COMPARED) break;
  }
  return best?.builder;
}

interface Offer {
  readonly builder: Builder;
  readonly costMs: number;
}

/** Of the one that has most of its inputs, and of those that hold something large that it needs. */
function cheapestHolder(schedule: ScoringSchedule, task: Task): Offer | undefined {
  const { nearest, inputs } = task;
  if (!nearest) return undefined;
  let best = offerOf(schedule, task, nearest);
  for (const { bytes, listed } of inputs) {
    if (bytes < LARGE_BYTES) continue;
    for (const holder of listed)
      if (holder !== nearest) best = cheaper(best, offerOf(schedule, task, holder));
  }
  return best;
}

function offerOf(schedule: ScoringSchedule, task: Task, builder: Builder): Offer | undefined {
  if (freeSlotsOf(builder) === 0 || !builder.pool.classes.has(task.kind)) return undefined;
  return canTake(schedule, task, builder) ? { builder, costMs: costOf(schedule, task, builder) } : undefined;
}

/** Of the least loaded of a pool that can take it. */
function cheapestIn(schedule: ScoringSchedule, task: Task, { free }: Pool): Offer | undefined {
  let best: Offer | undefined;
  let passed = 0;
  for (let i = 0; passed < BUILDERS_A_POOL; i++) {
    const builder = free.at(i);
    if (!builder) break;
    if (!canTake(schedule, task, builder)) continue;
    best = cheaper(best, { builder, costMs: costOf(schedule, task, builder) });
    passed++;
  }
  return best;
}

function cheaper(a: Offer | undefined, b: Offer | undefined): Offer | undefined {
  if (!a || !b) return a ?? b;
  return (a.costMs - b.costMs || a.builder.ordinal - b.builder.ordinal) <= 0 ? a : b;
}

/** Tasks that are held back may stand before one that need not be. */
const TASKS_LOOKED_AT = 16;
const POOLS_COMPARED = 4;
/** What takes a part of a second to send: whoever holds it is worth a look. */
const LARGE_BYTES = 10_000_000;
/** The least loaded of builders that are alike. */
const BUILDERS_A_POOL = 2;
