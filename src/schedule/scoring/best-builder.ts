import { canTake } from "./admission.ts";
import { SPEED_STEP } from "./classes.ts";
import { costOf } from "./cost.ts";
import { heldSince, shouldHold } from "./holding.ts";
import { freeSlotsOf } from "./pools.ts";
import type { Builder, ScoringSchedule, Task, TaskClass } from "./state.ts";
import type { Placement, Turn } from "./turn.ts";

/** While there are more slots than tasks: the best builder for the most urgent task that need not wait for a better one. */
export function bestBuilder(schedule: ScoringSchedule, { kind, queue }: Turn): Placement | undefined {
  let ahead = 0;
  const freedAt = lastFreedAt(kind);
  let looked = 0;
  let found: Placement | undefined;
  queue.some((task) => {
    const since = heldSince(schedule, task);
    const builder = since < freedAt ? cheapest(schedule, task, since) : undefined;
    if (builder && !shouldHold(schedule, task, { builder, ahead })) found = { task, builder };
    else if (builder || since >= 0) ahead++;
    return found !== undefined || ++looked === TASKS_LOOKED_AT;
  });
  return found;
}

/** When a slot became free last where the cheapest is looked for. */
function lastFreedAt({ pools }: TaskClass): number {
  let last = 0;
  let compared = 0;
  for (const { pool } of pools) {
    if (pool.freeSlots === 0) continue;
    last = Math.max(last, pool.freedAt);
    if (++compared === POOLS_COMPARED) break;
  }
  return last;
}

/**
 * The free builder that costs a task least, of some of the fastest and of those that hold its inputs. Pools in which nothing became
 * free since it was held back the last time would hold it back again.
 */
function cheapest(schedule: ScoringSchedule, task: Task, since: number): Builder | undefined {
  const { nearest, kind } = task;
  let best: Builder | undefined;
  let least = Number.POSITIVE_INFINITY;
  let passed = 0;
  const compare = (builder: Builder): boolean => {
    if (!canTake(schedule, task, builder)) return false;
    const cost = costOf(schedule, task, builder);
    if (cost < least || (cost === least && builder.ordinal < best!.ordinal)) {
      least = cost;
      best = builder;
    }
    return ++passed === BUILDERS_A_POOL;
  };
  if (nearest)
    for (const { bytes, holders } of task.inputs)
      if (bytes >= LARGE_BYTES)
        for (const holder of holders.listed ?? [])
          if (freeSlotsOf(holder) > 0 && holder.pool.classes.has(kind)) compare(holder);
  let pools = 0;
  for (const { pool, speed } of kind.pools) {
    if (pool.freeSlots === 0) continue;
    passed = 0;
    const isWorse = !pool.traits.local && task.estimate.durationMs > least * speed * SPEED_STEP;
    if (isWorse || pool.freedAt <= since) passed = 1;
    else pool.free.some(compare);
    if (passed > 0 && ++pools === POOLS_COMPARED) break;
  }
  return best;
}

/** Tasks that are held back may stand before one that need not be. */
const TASKS_LOOKED_AT = 32;
const POOLS_COMPARED = 4;
/** What takes a part of a second to send: whoever holds it is worth a look. */
const LARGE_BYTES = 10_000_000;
/** The least loaded of builders that are alike. */
const BUILDERS_A_POOL = 4;
