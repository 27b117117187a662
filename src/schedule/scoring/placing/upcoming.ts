import { mayTakeLater } from "../builder/admission.ts";
import { homeliness } from "../builder/locality.ts";
import { freeSlotsOf } from "../builder/pools.ts";
import type { Builder, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { byUrgency } from "../task/ready-queues.ts";

/**
 * Tasks that a builder with no free slot would be given next if nothing else happened, the likeliest first, `max` at most. A guess:
 * looks at a bounded number of tasks, and decides nothing.
 */
export function upcoming(schedule: ScoringSchedule, name: string, max: number): readonly string[] {
  const builder = schedule.builders.get(name);
  if (!builder || schedule.stopped || !isBusy(builder)) return [];
  const turns = turnsOf(builder);
  const likely: Task[] = [];
  for (const kind of builder.pool.classes)
    if (kind.ready > 0 && !kind.wantsMachine) likely.push(...likelyOf(schedule, kind, { builder, turns }));
  const found = new Set(likely.sort((a, b) => byHome(a, b, builder)));
  return Array.from(found, ({ id }) => id).slice(0, max);
}

interface Waiting {
  readonly builder: Builder;
  /** How many slots of builders like it are expected to be free before each of its own. */
  readonly turns: readonly number[];
}

/** It takes builds, and has none to begin now. */
function isBusy(builder: Builder): boolean {
  const { state, suspension, handedOver, reservedFor, runs } = builder;
  if (state !== "up" || suspension || handedOver > 0 || reservedFor) return false;
  return runs.length > 0 && freeSlotsOf(builder) === 0;
}

function turnsOf({ pool, runs }: Builder): number[] {
  const ends = pool.ends.slice(0, ENDS_LOOKED_AT).filter(({ builder }) => builder.state === "up");
  return ends.flatMap((run, turn) => (runs.includes(run) ? [turn] : []));
}

/** What is at home there, what waits for it, and what will be the first in a queue when it is its turn. */
function likelyOf(schedule: ScoringSchedule, kind: TaskClass, { builder, turns }: Waiting): Task[] {
  const likely: Task[] = [];
  const fits = (task: Task) => {
    const { hold } = task;
    const waitsForOther = hold && hold.untilMs > schedule.nowMs && hold.builder !== builder.name;
    return !waitsForOther && mayTakeLater(schedule, task, builder);
  };
  for (const task of builder.near.slice(0, NEAR_LOOKED_AT))
    if (task.kind === kind && fits(task)) likely.push(task);
  for (const queue of kind.queues.values()) {
    const first = queue.slice(0, ENDS_LOOKED_AT).filter(fits);
    for (const turn of turns) if (turn < first.length) likely.push(first[turn]!);
  }
  return likely;
}

function byHome(a: Task, b: Task, builder: Builder): number {
  const gain = Math.max(0, homeliness(b, builder)) - Math.max(0, homeliness(a, builder));
  return gain || byUrgency(a, b);
}

/** Slots of builders that are alike, the first to be free first; what is given to later ones is not foreseen. */
const ENDS_LOOKED_AT = 32;
const NEAR_LOOKED_AT = 8;
