import { canTake } from "./admission.ts";
import { costOf } from "./cost.ts";
import { shouldHold } from "./holding.ts";
import { freeSlotsOf } from "./pools.ts";
import type { Builder, ScoringSchedule, Task } from "./state.ts";
import type { Placement, Turn } from "./turn.ts";

/** While there are more slots than tasks: the best builder for the most urgent task that need not wait for a better one. */
export function bestBuilder(schedule: ScoringSchedule, { queue }: Turn): Placement | undefined {
  let ahead = 0;
  for (const task of queue.slice(0, TASKS_LOOKED_AT)) {
    const builder = cheapest(schedule, task);
    if (!builder) continue;
    if (!shouldHold(schedule, task, { builder, ahead })) return { task, builder };
    ahead++;
  }
  return undefined;
}

/** The free builder that costs a task least, of some of the fastest and of the one that holds its inputs. */
function cheapest(schedule: ScoringSchedule, task: Task): Builder | undefined {
  const { nearest, kind } = task;
  let best: Builder | undefined;
  let least = Number.POSITIVE_INFINITY;
  const compare = (builder: Builder): boolean => {
    if (!canTake(schedule, task, builder)) return false;
    const cost = costOf(schedule, task, builder);
    if (cost < least || (cost === least && builder.ordinal < best!.ordinal)) {
      least = cost;
      best = builder;
    }
    return true;
  };
  if (nearest)
    for (const { bytes, holders } of task.inputs)
      if (bytes >= LARGE_BYTES && holders.size <= HOLDERS_COMPARED)
        for (const holder of holders)
          if (freeSlotsOf(holder) > 0 && holder.pool.classes.has(kind)) compare(holder);
  let pools = 0;
  for (const { pool } of kind.pools) {
    if (pool.freeSlots === 0) continue;
    if (pool.free.count(compare, BUILDERS_A_POOL) > 0 && ++pools === POOLS_COMPARED) break;
  }
  return best;
}

/** Tasks that are held back may stand before one that need not be. */
const TASKS_LOOKED_AT = 32;
const POOLS_COMPARED = 4;
/** What takes a part of a second to send: whoever holds it is worth a look. */
const LARGE_BYTES = 10_000_000;
const HOLDERS_COMPARED = 16;
/** The least loaded of builders that are alike. */
const BUILDERS_A_POOL = 4;
