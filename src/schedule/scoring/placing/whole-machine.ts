import type { Decision } from "../../schedule.ts";
import { canTake, mayTakeLater, memoryWanted } from "../builder/admission.ts";
import { freeSlotsOf, refile, slotsOf } from "../builder/pools.ts";
import type { Builder, PoolForClass, Run, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { unreserve } from "../task/ready-queues.ts";
import { assign } from "./assign.ts";
import { costOf } from "./cost.ts";
import type { Turn } from "./turn.ts";

/**
 * Places a task that profits from a whole machine: it takes all free slots of a builder that has at least half of its slots free. Where
 * there is none, one is kept from other work until it has.
 */
export function placeOnMachine(
  schedule: ScoringSchedule,
  { kind, queue }: Turn,
  decisions: Decision[],
): boolean {
  const task = kind.reserved?.task ?? queue.first!;
  const kept = kind.reserved?.builder;
  unreserve(schedule, kind);
  const builder = emptiest(schedule, task, kept);
  if (!builder) return false;
  if (isHalfEmpty(builder)) {
    assign(schedule, { task, builder }, decisions);
    return true;
  }
  kind.reserved = { task, builder };
  builder.reservedFor = task;
  refile(schedule, builder);
  return false;
}

/** A builder that is empty enough, the cheapest; else the one that was kept, or else the one with most free slots. */
function emptiest(schedule: ScoringSchedule, task: Task, kept: Builder | undefined): Builder | undefined {
  let best: Builder | undefined;
  let passed = 0;
  const compare = (builder: Builder): boolean => {
    if (!canTake(schedule, task, builder)) return false;
    if (!best || isEmptier(schedule, task, { builder, best })) best = builder;
    return ++passed === BUILDERS_A_POOL;
  };
  const awaited = worthWaitingFor(schedule, task);
  for (const one of task.kind.pools) {
    if (awaited && isPoor(task.kind, one, awaited)) continue;
    passed = 0;
    one.pool.free.some(compare);
  }
  const isKeptUp = (kept?.filed.slotsUp ?? 0) > 0;
  return isKeptUp && !(best && isHalfEmpty(best)) ? kept : best;
}

/** The fastest pool that is up, if a task can be taken there when what runs now has ended. */
function worthWaitingFor(schedule: ScoringSchedule, task: Task): PoolForClass | undefined {
  const fastest = task.kind.pools.find(({ pool }) => pool.slotsUp > 0);
  // What was lost once has waited long enough.
  if (!fastest || task.losses.size > 0) return undefined;
  const wantedBytes = memoryWanted(schedule, task);
  const isTaken = ({ builder }: Run) =>
    builder.state === "up" &&
    wantedBytes <= (builder.memoryBytes ?? wantedBytes) &&
    mayTakeLater(schedule, task, builder);
  return fastest.pool.ends.slice(0, BUILDERS_A_POOL).some(isTaken) ? fastest : undefined;
}

/** So slow that a build ends sooner in the pool that is awaited, behind the others that wait for a machine. */
function isPoor({ ready }: TaskClass, { pool, speed }: PoolForClass, awaited: PoolForClass): boolean {
  return pool !== awaited.pool && awaited.speed / speed > 1 + ready / awaited.pool.usable;
}

function isEmptier(
  schedule: ScoringSchedule,
  task: Task,
  { builder, best }: { builder: Builder; best: Builder },
): boolean {
  if (isHalfEmpty(builder) !== isHalfEmpty(best)) return isHalfEmpty(builder);
  if (isHalfEmpty(builder)) return costOf(schedule, task, builder) < costOf(schedule, task, best);
  return freeSlotsOf(builder) / slotsOf(builder) > freeSlotsOf(best) / slotsOf(best);
}

function isHalfEmpty(builder: Builder): boolean {
  return freeSlotsOf(builder) * 2 >= slotsOf(builder);
}

const BUILDERS_A_POOL = 8;
