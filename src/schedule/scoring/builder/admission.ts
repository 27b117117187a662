import type { Obstacle } from "../../reason.ts";
import { refusalOf } from "../../requirement.ts";
import type { Builder, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { usableFor } from "./classes.ts";
import { missingBytes } from "./locality.ts";
import { isUsable, slotsOf } from "./pools.ts";

/** Why a builder cannot take a task now; undefined when it can. */
export function obstacleOf(schedule: ScoringSchedule, task: Task, builder: Builder): Obstacle | undefined {
  return (
    refusalOf(builder.traits, task.requirement) ?? absenceOf(builder, task) ?? want(schedule, task, builder)
  );
}

/** For a builder that has free slots and does what the task requires. */
export function canTake(schedule: ScoringSchedule, task: Task, builder: Builder): boolean {
  return !want(schedule, task, builder);
}

/** Whether a builder may have a task at some time. */
export function mayEverTake(schedule: ScoringSchedule, task: Task, builder: Builder): boolean {
  if (!isUsable(builder) || refusalOf(builder.traits, task.requirement)) return false;
  return !task.outgrew || memoryWanted(schedule, task) <= capacityOf(builder, task);
}

/** Whether nothing but what runs there now keeps a builder from taking a task. */
export function mayTakeLater(schedule: ScoringSchedule, task: Task, builder: Builder): boolean {
  return mayEverTake(schedule, task, builder) && !lossObstacle(task, builder) && !diskObstacle(task, builder);
}

function absenceOf(builder: Builder, { id, kind }: Task): Obstacle | undefined {
  const { state, suspension, slotsTaken, reservedFor, handedOver } = builder;
  if (state !== "up") return { kind: state };
  if (suspension) return { kind: "suspended", ...suspension };
  const slots = slotsOf(builder);
  const isTooFull = kind.wantsMachine ? (slots - slotsTaken) * 2 < slots : slotsTaken >= slots;
  if (isTooFull || slotsTaken >= slots || handedOver > 0) return fullness(builder);
  if (reservedFor && reservedFor.id !== id) return { kind: "reserved", task: reservedFor.id };
  return undefined;
}

/** A graph that was handed over takes what there is. */
function fullness({ maxJobs: slots, slotsTaken, slotsOfOthers, handedOver }: Builder): Obstacle {
  const running = handedOver > 0 ? slots : Math.min(slots, slotsTaken + slotsOfOthers);
  return { kind: "full", running, slots };
}

function want(schedule: ScoringSchedule, task: Task, builder: Builder): Obstacle | undefined {
  return (
    lossObstacle(task, builder) ?? memoryObstacle(schedule, task, builder) ?? diskObstacle(task, builder)
  );
}

/** One that lost it before is better than none. */
function lossObstacle(task: Task, builder: Builder): Obstacle | undefined {
  if (task.losses.size === 0) return undefined;
  const loss = task.losses.get(builder);
  return loss && hasUntried(task) ? { kind: "lost-it", loss } : undefined;
}

/** Whether somebody is left that did not lose it. */
export function hasUntried({ kind, losses }: Task): boolean {
  let lost = 0;
  for (const builder of losses.keys())
    if (isUsable(builder) && !refusalOf(builder.traits, kind.requirement)) lost++;
  return usableFor(kind) > lost;
}

function memoryObstacle(schedule: ScoringSchedule, task: Task, builder: Builder): Obstacle | undefined {
  if (task.memoryBytes === 0) return undefined;
  const capacity = capacityOf(builder, task);
  const neededBytes = memoryWanted(schedule, task);
  const freeBytes = capacity - builder.memoryTakenBytes;
  return neededBytes <= freeBytes ? undefined : { kind: "no-memory", neededBytes, freeBytes };
}

/** What is not known is assumed to be enough, but for a task that ran out of it there. */
function capacityOf(builder: Builder, { losses }: Task): number {
  if (builder.memoryBytes !== undefined) return builder.memoryBytes;
  return losses.get(builder) === "out-of-memory" ? 0 : Number.POSITIVE_INFINITY;
}

/** What is more than any builder has is tried with all that the largest has, unless that was tried. */
export function memoryWanted(schedule: ScoringSchedule, { kind, memoryBytes, outgrew }: Task): number {
  if (outgrew || memoryBytes === 0) return memoryBytes;
  return Math.min(memoryBytes, largestMemory(schedule, kind));
}

/** The most memory that a builder has which could take a class. */
export function largestMemory(schedule: ScoringSchedule, kind: TaskClass): number {
  if (kind.largestMemoryBytes !== undefined) return kind.largestMemoryBytes;
  let largest = 0;
  for (const builder of schedule.builders.values())
    if (builder.pool.classes.has(kind) && isUsable(builder))
      largest = Math.max(largest, builder.memoryBytes ?? Number.POSITIVE_INFINITY);
  kind.largestMemoryBytes = largest;
  return largest;
}

function diskObstacle(task: Task, builder: Builder): Obstacle | undefined {
  const { freeDiskBytes } = builder;
  if (freeDiskBytes === undefined) return undefined;
  const neededBytes = task.outputBytes + missingBytes(task, builder);
  return neededBytes <= freeDiskBytes
    ? undefined
    : { kind: "no-disk", neededBytes, freeBytes: freeDiskBytes };
}
