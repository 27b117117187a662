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

/** The free builder that costs a task least, of some of the fastest and of those that hold its inputs. */
function cheapest(schedule: ScoringSchedule, task: Task): Builder | undefined {
  let best: Builder | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const builder of candidates(schedule, task)) {
    const cost = costOf(schedule, task, builder);
    if (cost > least || (cost === least && builder.ordinal > best!.ordinal)) continue;
    least = cost;
    best = builder;
  }
  return best;
}

function* candidates(schedule: ScoringSchedule, task: Task): Generator<Builder> {
  const { nearest, kind } = task;
  if (
    nearest &&
    freeSlotsOf(nearest) > 0 &&
    nearest.pool.classes.has(kind) &&
    canTake(schedule, task, nearest)
  )
    yield nearest;
  let pools = 0;
  for (const { pool } of kind.pools) {
    if (pool.freeSlots === 0) continue;
    let found = 0;
    for (const builder of pool.free) {
      if (!canTake(schedule, task, builder)) continue;
      yield builder;
      if (++found === BUILDERS_A_POOL) break;
    }
    if (found > 0 && ++pools === POOLS_COMPARED) return;
  }
}

/** Tasks that are held back may stand before one that need not be. */
const TASKS_LOOKED_AT = 32;
const POOLS_COMPARED = 4;
/** The least loaded of builders that are alike. */
const BUILDERS_A_POOL = 4;
