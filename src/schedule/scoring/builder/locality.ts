import type { StoredPath } from "../../schedule.ts";
import type { Builder, ScoringSchedule, Task } from "../state.ts";
import { Stored } from "./stored.ts";

/** What is known under a path, which may be one that a task makes: then the path is the task's id. */
export function storedAt(schedule: ScoringSchedule, { path, bytes }: StoredPath): Stored<Builder> {
  let stored = schedule.stored.get(path);
  if (!stored) {
    stored = new Stored(path, Math.round(bytes));
    schedule.stored.set(path, stored);
  } else if (bytes > 0) stored.bytes = Math.round(bytes);
  return stored;
}

/** Takes note that a builder holds something. Of more than is kept, what became known first is forgotten. */
export function hold(schedule: ScoringSchedule, builder: Builder, stored: Stored<Builder>): void {
  if (!stored.addHolder(builder)) return;
  const place = builder.held++ % HOLDINGS_KEPT_MAX;
  const oldest = builder.holds[place];
  builder.holds[place] = stored;
  if (!oldest) return;
  oldest.removeHolder(builder);
  if (oldest.holders === 0) schedule.stored.delete(oldest.path);
}

/** Of the inputs that count, those that a builder lacks. */
export function missingBytes({ inputs }: Task, builder: Builder): number {
  let bytes = 0;
  for (const input of inputs) if (!input.isHeldBy(builder)) bytes += input.bytes;
  return bytes;
}

/**
 * What is gained by running a ready task here: what few hold and this builder does, less what would be left behind elsewhere. Where most
 * of it is, as it was when the task became ready.
 */
export function homeliness(task: Task, builder: Builder): number {
  return builder === task.nearest ? task.nearestGainBytes : gainOf(task, builder);
}

function gainOf(task: Task, builder: Builder): number {
  let held = 0;
  let missing = 0;
  for (const input of task.inputs)
    if (!input.isHeldBy(builder)) missing += input.bytes;
    else if (input.holders <= HOLDERS_FEW) held += input.bytes;
  return 2 * held - task.nearestBytes - missing;
}

/** Finds the builder that holds most of what few hold of a task's inputs. */
export function findNearest(task: Task): void {
  const holding: Builder[] = [];
  for (const { bytes, holders, listed } of task.inputs) {
    if (bytes === 0 || holders > HOLDERS_FEW) continue;
    for (const holder of listed) {
      if (holder.tallyBytes === 0) holding.push(holder);
      holder.tallyBytes += bytes;
    }
  }
  task.nearest = undefined;
  task.nearestBytes = 0;
  for (const builder of holding) {
    const bytes = builder.tallyBytes;
    builder.tallyBytes = 0;
    if (bytes < task.nearestBytes || (bytes === task.nearestBytes && builder.ordinal > task.nearest!.ordinal))
      continue;
    task.nearest = builder;
    task.nearestBytes = bytes;
  }
  task.nearestGainBytes = task.nearest ? gainOf(task, task.nearest) : 0;
}

/** The largest of what a task needs: the others hardly count, and there may be thousands. */
export function countedInputs(inputs: readonly Stored<Builder>[]): readonly Stored<Builder>[] {
  if (inputs.length <= INPUTS_COUNTED_MAX) return inputs;
  return [...inputs]
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, INPUTS_COUNTED_MAX);
}

/** What more builders hold is soon held by all, wherever it is needed. */
const HOLDERS_FEW = 3;
const INPUTS_COUNTED_MAX = 64;
/** Of one builder, however long this runs. */
const HOLDINGS_KEPT_MAX = 100_000;
