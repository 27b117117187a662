import type { Score } from "../../score.ts";
import { speedFor } from "../builder/classes.ts";
import { missingBytes } from "../builder/locality.ts";
import { freeSlotsOf, slotsOf } from "../builder/pools.ts";
import { isSlow } from "../builder/suspension.ts";
import type { Builder, ScoringSchedule, Task } from "../state.ts";

/** What it costs to run a task on a builder, in milliseconds: the least is the best. */
export function costOf(schedule: ScoringSchedule, task: Task, builder: Builder): number {
  const durationMs = durationOn(task, builder);
  const transferMs = transferMsOf(schedule, missingBytes(task, builder));
  return durationMs + transferMs + loadMs(builder, durationMs) + localMs(task, builder);
}

/** The same in its parts. */
export function scoreOf(schedule: ScoringSchedule, task: Task, builder: Builder): Score {
  const durationMs = durationOn(task, builder);
  const missing = missingBytes(task, builder);
  const transferMs = transferMsOf(schedule, missing);
  const slowedMs = loadMs(builder, durationMs);
  const nearMs = localMs(task, builder);
  return {
    totalMs: durationMs + transferMs + slowedMs + nearMs,
    durationMs,
    transferMs,
    loadMs: slowedMs,
    localMs: nearMs,
    speed: speedFor(builder, task.requirement.system),
    emulated: builder.emulatedSystems.includes(task.requirement.system),
    missingBytes: missing,
    running: builder.runs.length,
    slots: slotsOf(builder),
    criticalPathMs: task.pathMs,
    waitedMs: Math.max(0, schedule.nowMs - task.sinceMs),
  };
}

export function durationOn(task: Task, builder: Builder): number {
  const { kind, requirement } = task;
  const gain = kind.wantsMachine ? (freeSlotsOf(builder) || slotsOf(builder) || 1) ** MACHINE_GAIN : 1;
  const durationMs = task.durationMs / (speedFor(builder, requirement.system) * gain);
  const isGamble =
    !task.isForeseen && (isSlow(builder) || builder.emulatedSystems.includes(requirement.system));
  return isGamble ? durationMs * GAMBLE : durationMs;
}

/** What bringing bytes to a builder counts for, at a price of the line. */
export function transferMsOf({ weights }: ScoringSchedule, bytes: number, price = LINE_PRICE): number {
  return price * (bytes / BYTES_A_MS) * weights.locality;
}

/** Builds that run beside others share caches, disks and memory with them. */
function loadMs({ slotsTaken, maxJobs }: Builder, durationMs: number): number {
  return (slotsTaken / Math.max(1, maxJobs)) * durationMs * LOAD_SHARE;
}

function localMs({ requirement }: Task, { isLocal }: Builder): number {
  if (!isLocal) return 0;
  return requirement.preferLocal ? -LOCAL_MS : LOCAL_MS;
}

/** A build that takes n slots ends n to this power times sooner: not all of it can be spread. */
export const MACHINE_GAIN = 0.7;
/** A build of which nothing is known may be a long one, and many times that where it is emulated or the builder was found slow: so much longer is reckoned with. */
const GAMBLE = 32;
/** Assumed of the line to a builder: 50 MB/s. */
const BYTES_A_MS = 50_000;
/** A transfer costs so many times what it takes, since others wait for the line meanwhile. By simulation: less moves more bytes and ends no sooner. */
const LINE_PRICE = 8;
/** How much longer a build takes on a builder that is full than on one that is idle. */
const LOAD_SHARE = 0.02;
/** What a person would rather wait for than have this machine busy, and the other way for what is not worth sending. */
const LOCAL_MS = 600_000;
