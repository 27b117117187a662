import type { Builder, Filing, Pool, ScoringSchedule } from "./state.ts";

/** Counts a builder anew in its pool after its load or its state changed, and touches what that makes possible. */
export function refile(schedule: ScoringSchedule, builder: Builder): void {
  const { filed, pool } = builder;
  const { freeSlots, usable } = filed;
  unfile(builder);
  filed.load = builder.slotsTaken / Math.max(1, builder.traits.maxJobs);
  filed.freeSlots = freeSlotsOf(builder);
  filed.slotsUp = builder.state === "up" && !builder.suspension ? slotsOf(builder) : 0;
  filed.usable = isUsable(builder);
  if (filed.freeSlots > 0) pool.free.add(builder);
  count(pool, filed, 1);
  if (filed.freeSlots > freeSlots) pool.freedAt = ++schedule.freeings;
  if (filed.freeSlots > freeSlots || filed.usable !== usable)
    for (const kind of pool.classes) schedule.touched.add(kind);
}

/** Takes a builder out of its pool's counts. */
export function unfile(builder: Builder): void {
  const { pool, filed } = builder;
  if (filed.freeSlots > 0) pool.free.delete(builder);
  count(pool, filed, -1);
  filed.freeSlots = 0;
  filed.slotsUp = 0;
  filed.usable = false;
}

/** The least loaded first. */
export function loadOf({ filed }: Builder): number {
  return filed.load;
}

/** Among equals. */
export function byOrdinal(a: Builder, b: Builder): number {
  return a.ordinal - b.ordinal;
}

/** Slots that a builder could give now. */
export function freeSlotsOf(builder: Builder): number {
  const { state, suspension, handedOver, reservedFor } = builder;
  if (state !== "up" || suspension || handedOver > 0 || reservedFor) return 0;
  return Math.max(0, slotsOf(builder) - builder.slotsTaken);
}

/** All its slots but those that others use. */
export function slotsOf({ traits, slotsOfOthers }: Builder): number {
  return Math.max(0, traits.maxJobs - slotsOfOthers);
}

/** Whether it takes builds, or may soon without anybody's doing. */
export function isUsable({ state }: Builder): boolean {
  return state === "up" || state === "connecting";
}

function count(pool: Pool, { freeSlots, slotsUp, usable }: Filing, sign: 1 | -1): void {
  const wasOpen = pool.freeSlots > 0;
  pool.freeSlots += sign * freeSlots;
  pool.slotsUp += sign * slotsUp;
  if (usable) pool.usable += sign;
  const isOpen = pool.freeSlots > 0;
  if (wasOpen === isOpen) return;
  for (const kind of pool.classes) kind.openPools += isOpen ? 1 : -1;
}
