import type { Requirement } from "./requirement.ts";
import type { SimpleSchedule, TaskState } from "./simple-schedule.ts";

/**
 * `first` and every task that can follow on the same builder without waiting for anybody else: all that
 * is ready and fits, and all that needs only what is done or gathered. Each comes after what it needs.
 */
export function gatherGraph(
  schedule: SimpleSchedule,
  first: TaskState,
  fits: (requirement: Requirement) => boolean,
): string[] {
  const gathered: string[] = [];
  const open = new Map<string, number>();
  const fitting = remember(fits);
  const queue: TaskState[] = [first];
  for (const state of schedule.tasks.values())
    if (state !== first && state.phase === "ready" && fitting(state.task.requirement)) queue.push(state);
  for (let at = 0; at < queue.length && gathered.length < GRAPH_TASKS_MAX; at++) {
    const state = queue[at]!;
    gathered.push(state.task.id);
    for (const id of state.dependants) {
      const dependant = schedule.tasks.get(id)!;
      const left = (open.get(id) ?? dependant.waitingFor) - 1;
      open.set(id, left);
      if (left === 0 && dependant.phase === "waiting" && fitting(dependant.task.requirement))
        queue.push(dependant);
    }
  }
  return gathered;
}

function remember(fits: (requirement: Requirement) => boolean): (requirement: Requirement) => boolean {
  const known = new Map<string, boolean>();
  return (requirement) => {
    const key = `${requirement.system} ${requirement.features.join(",")}`;
    const found = known.get(key) ?? fits(requirement);
    known.set(key, found);
    return found;
  };
}

/** Derivations in one request. What one request loses when its builder goes away is at most this. */
const GRAPH_TASKS_MAX = 2000;
