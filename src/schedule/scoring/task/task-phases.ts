import type { ScoringSchedule, Task } from "../state.ts";
import { enqueue } from "./ready-queues.ts";

/** Whether a task may still run and does not. */
export function isOpen({ phase }: Task): boolean {
  return phase === "waiting" || phase === "ready" || phase === "resting";
}

/** Counts a task as one that will not run again. */
export function close(schedule: ScoringSchedule, { kind, durationMs }: Task): void {
  schedule.open--;
  kind.open--;
  kind.workMs -= durationMs;
}

/** Counts a task as one that is to be done, from its needs on. */
export function reopen(schedule: ScoringSchedule, task: Task): void {
  const { kind, durationMs, needs } = task;
  schedule.open++;
  kind.open++;
  kind.workMs += durationMs;
  task.phase = "waiting";
  task.attempts = 0;
  task.losses = NO_LOSSES;
  task.waitingFor = 0;
  for (const { phase } of needs) if (phase !== "done") task.waitingFor++;
}

/** Gives an open task, which is in no queue, its place after who asks for it changed. */
export function settle(schedule: ScoringSchedule, task: Task): void {
  if (!isOpen(task)) return;
  if (task.requests.every(({ stopped }) => stopped)) {
    close(schedule, task);
    task.phase = "stopped";
  } else if (task.phase === "ready") enqueue(schedule, task);
}

/** Forgets tasks that nobody waits for and that do not run. What they needed, as far as it is still known. */
export function forget({ tasks, stored }: ScoringSchedule, gone: readonly Task[]): Task[] {
  for (const { id, output } of gone) {
    tasks.delete(id);
    if (output.holders === 0) stored.delete(output.path);
  }
  const needed = new Set(gone.flatMap(({ needs }) => needs));
  const left = [...needed].filter(({ id }) => tasks.has(id));
  for (const need of left) need.dependants = need.dependants.filter(({ id }) => tasks.has(id));
  return left;
}

/** Few tasks have any. */
export const NO_LOSSES: Task["losses"] = new Map();
