import type { StoredPath } from "../schedule.ts";
import type { Builder, ScoringSchedule, Stored, Task } from "./state.ts";

/** What is known under a path, which may be one that a task makes: then the path is the task's id. */
export function storedAt(schedule: ScoringSchedule, { path, bytes }: StoredPath): Stored {
  let stored = schedule.stored.get(path);
  if (!stored) {
    stored = { path, bytes, holders: new Set() };
    schedule.stored.set(path, stored);
  } else if (bytes > 0) stored.bytes = bytes;
  return stored;
}

/** Takes note that a builder holds something. Of more than is kept, what became known first is forgotten. */
export function hold(schedule: ScoringSchedule, builder: Builder, stored: Stored): void {
  stored.holders.add(builder);
  builder.holds.add(stored);
  if (builder.holds.size <= HOLDINGS_KEPT_MAX) return;
  const [oldest] = builder.holds;
  builder.holds.delete(oldest!);
  oldest!.holders.delete(builder);
  if (oldest!.holders.size === 0) schedule.stored.delete(oldest!.path);
}

/** Of the inputs that count, those that a builder lacks. */
export function missingBytes({ inputs }: Task, builder: Builder): number {
  let bytes = 0;
  for (const { bytes: size, holders } of inputs) if (!holders.has(builder)) bytes += size;
  return bytes;
}

/** Of what only few hold, how much more comes to a task here than the most that it finds elsewhere would be missed. */
export function homeliness(task: Task, builder: Builder): number {
  if (task.nearestBytes === 0) return 0;
  if (task.nearest === builder) return task.nearestBytes;
  let bytes = 0;
  for (const { bytes: size, holders } of task.inputs)
    if (holders.size <= HOLDERS_FEW && holders.has(builder)) bytes += size;
  return 2 * bytes - task.nearestBytes;
}

/** Finds the builder that holds most of what few hold of a task's inputs. */
export function findNearest(task: Task): void {
  const held = new Map<Builder, number>();
  for (const { bytes, holders } of task.inputs)
    if (holders.size <= HOLDERS_FEW)
      for (const holder of holders) held.set(holder, (held.get(holder) ?? 0) + bytes);
  task.nearest = undefined;
  task.nearestBytes = 0;
  for (const [builder, bytes] of held)
    if (
      bytes > task.nearestBytes ||
      (bytes === task.nearestBytes && builder.ordinal < task.nearest!.ordinal)
    ) {
      task.nearest = builder;
      task.nearestBytes = bytes;
    }
}

/** The largest of what a task needs: the others hardly count, and there may be thousands. */
export function countedInputs(inputs: readonly Stored[]): readonly Stored[] {
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
