import type { Task } from "../state.ts";
import { requeue } from "./ready-queues.ts";

/** Measures the chains that begin with new tasks, and with old ones that new ones need. */
export function measurePaths(added: ReadonlySet<Task>): void {
  const open = new Map<Task, number>();
  for (const task of added)
    for (const need of task.needs) if (added.has(need)) open.set(need, (open.get(need) ?? 0) + 1);
  const ordered = [...added].filter((task) => !open.has(task));
  const lengthened: Task[] = [];
  // Grows while it is walked: dependants come before what they need.
  for (const task of ordered)
    for (const need of task.needs) {
      const left = open.get(need);
      if (left === undefined) lengthened.push(need);
      else {
        need.pathMs = Math.max(need.pathMs, need.durationMs + task.pathMs);
        open.set(need, left - 1);
        if (left === 1) ordered.push(need);
      }
    }
  remeasure(lengthened);
}

/** Measures tasks again whose dependants came or went, and then all that these need: each once, after what needs it. */
export function remeasure(tasks: readonly Task[]): void {
  const reached = new Set(tasks);
  const open = new Map<Task, number>();
  // Grows while it is walked.
  for (const task of reached)
    for (const need of task.needs) {
      reached.add(need);
      open.set(need, (open.get(need) ?? 0) + 1);
    }
  const ordered = [...reached].filter((task) => !open.has(task));
  for (const task of ordered) {
    const pathMs = pathOf(task);
    if (pathMs !== task.pathMs) {
      task.pathMs = pathMs;
      requeue(task);
    }
    for (const need of task.needs) {
      const left = open.get(need)! - 1;
      open.set(need, left);
      if (left === 0) ordered.push(need);
    }
  }
}

function pathOf({ durationMs, dependants }: Task): number {
  let longestMs = 0;
  for (const { pathMs } of dependants) longestMs = Math.max(longestMs, pathMs);
  return durationMs + longestMs;
}
