import { OrderedList } from "../../ordered-list.ts";
import { type Requirement, refusalOf } from "../../requirement.ts";
import type { Builder, Pool, PoolForClass, ScoringSchedule, TaskClass } from "../state.ts";
import { listByLoad, refile, unfile } from "./pools.ts";

/** The class of tasks with a requirement. */
export function classOf(schedule: ScoringSchedule, requirement: Requirement): TaskClass {
  const { system, features, preferLocal } = requirement;
  const key = JSON.stringify([system, preferLocal, ...features]);
  const known = schedule.classes.get(key);
  if (known) return known;
  const kind: TaskClass = {
    key,
    requirement,
    wantsMachine: features.includes("big-parallel"),
    pools: [],
    queues: new Map(),
    largestMemoryBytes: undefined,
    ready: 0,
    open: 0,
    workMs: 0,
    openPools: 0,
    reserved: undefined,
    holdAlarmMs: undefined,
    isTouched: false,
  };
  schedule.classes.set(key, kind);
  for (const pool of schedule.pools.values()) introduce(pool, kind);
  return kind;
}

/** Puts a builder into the pool of those like it, after what it is or how fast it is was found to have changed. */
export function rehome(schedule: ScoringSchedule, builder: Builder): void {
  const key = poolKey(builder);
  if (builder.pool.key !== key) {
    const left = builder.pool;
    unfile(builder);
    builder.pool = poolLike(schedule, builder, key);
    for (const run of builder.runs) {
      left.ends.delete(run);
      builder.pool.ends.add(run);
    }
  }
  refile(schedule, builder);
}

/** Whether a builder's speed has left that of its pool behind. */
export function hasOutgrown({ pool, speed }: Builder): boolean {
  return Math.abs(Math.log(speed / pool.speed)) > Math.log(SPEED_STEP);
}

/** A pool that nobody is in. */
export function newPool(key: string, { traits, emulatedSystems, speed }: PoolMember): Pool {
  return {
    key,
    traits,
    emulatedSystems,
    speed: SPEED_STEP ** paceOf(speed),
    free: listByLoad(),
    ends: new OrderedList(
      (a, b) => compare(a.task.id, b.task.id),
      ({ expectedEndMs }) => expectedEndMs,
    ),
    classes: new Set(),
    freeSlots: 0,
    freedAt: 0,
    slotsUp: 0,
    usable: 0,
  };
}

type PoolMember = Pick<Builder, "traits" | "emulatedSystems" | "speed">;

/** How much faster than one of speed 1 a builder does what is built for a system. */
export function speedFor(
  { speed, emulatedSystems }: Pick<Builder, "speed" | "emulatedSystems">,
  system: string,
) {
  return emulatedSystems.includes(system) ? speed / EMULATION_SLOWDOWN : speed;
}

/** Builders, up or about to be, that could take a class. */
export function usableFor({ pools }: TaskClass): number {
  let usable = 0;
  for (const { pool } of pools) usable += pool.usable;
  return usable;
}

export function freeSlotsFor({ pools }: TaskClass): number {
  let slots = 0;
  for (const { pool } of pools) slots += pool.freeSlots;
  return slots;
}

/** By the bytes that texts are made of; the same wherever it runs. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function poolLike(schedule: ScoringSchedule, builder: Builder, key: string): Pool {
  const known = schedule.pools.get(key);
  if (known) return known;
  const pool = newPool(key, builder);
  schedule.pools.set(key, pool);
  for (const kind of schedule.classes.values()) introduce(pool, kind);
  return pool;
}

function introduce(pool: Pool, kind: TaskClass): void {
  const { requirement } = kind;
  if (refusalOf(pool.traits, requirement)) return;
  pool.classes.add(kind);
  if (pool.freeSlots > 0) kind.openPools++;
  const speed = speedFor(pool, requirement.system);
  kind.pools = [...kind.pools, { pool, speed }].sort((a, b) => byWorth(a, b, requirement.preferLocal));
}

/** The fastest first; this machine before all others for what prefers it, and after all others for what does not. */
function byWorth(a: PoolForClass, b: PoolForClass, preferLocal: boolean): number {
  const [isLocal, otherIs] = [a.pool.traits.local, b.pool.traits.local];
  if (isLocal !== otherIs) return isLocal === preferLocal ? -1 : 1;
  return b.speed - a.speed || compare(a.pool.key, b.pool.key);
}

function poolKey({ traits, emulatedSystems, speed, memoryBytes, freeDiskBytes }: Builder): string {
  const { systems, supportedFeatures, mandatoryFeatures, maxJobs, local, takesGraphs } = traits;
  const sizes = [memoryBytes, freeDiskBytes].map((bytes) => bytes && Math.floor(Math.log2(bytes)));
  const pace = paceOf(speed);
  const offers = [systems, supportedFeatures, mandatoryFeatures, emulatedSystems];
  return JSON.stringify([pace, local, takesGraphs, maxJobs < 1, ...sizes, ...offers]);
}

function paceOf(speed: number): number {
  return Math.round(Math.log(speed) / Math.log(SPEED_STEP));
}

/** Assumed of a system that a builder runs by emulation: QEMU's, as builds of whole packages have it. */
export const EMULATION_SLOWDOWN = 8;
/** Builders whose speeds differ by less are taken for equally fast. */
export const SPEED_STEP = 1.2;
