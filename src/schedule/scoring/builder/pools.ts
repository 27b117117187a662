import { OrderedList } from "../../ordered-list.ts";
import type { Builder, Filing, Pool, ScoringSchedule } from "../state.ts";
import { touch } from "../touched.ts";

/** Counts a builder anew in its pool after its load or its state changed, and touches what that makes possible. */
export function refile(schedule: ScoringSchedule, builder: Builder): void {
  const { filed, pool } = builder;
  const { freeSlots, usable } = filed;
  unfile(builder);
  filed.rank = builder.slotsTaken / Math.max(1, builder.maxJobs) + builder.ordinal * RANK_STEP;
  filed.freeSlots = freeSlotsOf(builder);
  filed.slotsUp = builder.state === "up" && !builder.suspension ? slotsOf(builder) : 0;
  filed.usable = isUsable(builder);
  if (filed.freeSlots > 0) pool.free.add(builder);
  count(pool, filed, 1);
  if (filed.freeSlots > freeSlots) pool.freedAt = ++schedule.freeings;
  if (filed.freeSlots > freeSlots || filed.usable !== usable)
    for (const kind of pool.classes) touch(schedule, kind);
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

/** The least loaded first; of those, the first that was named. */
export function listByLoad(): OrderedList<Builder> {
  return new OrderedList(
    (a, b) => a.ordinal - b.ordinal,
    ({ filed }) => filed.rank,
  );
}

/** Slots that a builder could give now. */
export function freeSlotsOf(builder: Builder): number {
  const { state, suspension, handedOver, reservedFor } = builder;
  if (state !== "up" || suspension || handedOver > 0 || reservedFor) return 0;
  return Math.max(0, slotsOf(builder) - builder.slotsTaken);
}

/** All its slots but those that others use. */
export function slotsOf({ maxJobs, slotsOfOthers }: Builder): number {
  return Math.max(0, maxJobs - slotsOfOthers);
}

/** Whether it takes builds, or may soon without anybody's doing. */
export function isUsable({ state }: Builder): boolean {
  return state === "up" || state === "connecting";
}

/** What a place among builders adds to a load: less than loads differ by, for a million of them. */
const RANK_STEP = 2 ** -40;

function count(pool: Pool, { freeSlots, slotsUp, usable }: Filing, sign: 1 | -1): void {
  const wasOpen = pool.freeSlots > 0;
  pool.freeSlots += sign * freeSlots;
  pool.slotsUp += sign * slotsUp;
  if (usable) pool.usable += sign;
  const isOpen = pool.freeSlots > 0;
  if (wasOpen === isOpen) return;
  for (const kind of pool.classes) kind.openPools += isOpen ? 1 : -1;
}
