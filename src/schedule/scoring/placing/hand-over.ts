import { canTake } from "../builder/admission.ts";
import { usableFor } from "../builder/classes.ts";
import type { Builder, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { byUrgency } from "../task/ready-queues.ts";
import { Room } from "./room.ts";

/**
 * The builder that alone can do a class, when it takes graphs and is idle: it may have all at once and order it
 * itself, which saves a round trip a build. Not while several principals wait, since it knows of no fairness.
 */
export function loneGraphBuilder(schedule: ScoringSchedule, kind: TaskClass): Builder | undefined {
  if (usableFor(kind) !== 1) return undefined;
  const pool = kind.pools.find(({ pool: { usable } }) => usable === 1)?.pool;
  const builder = pool?.free.first;
  if (!builder?.traits.takesGraphs || builder.runs.length > 0) return undefined;
  let waiting = 0;
  for (const { ready } of schedule.principals.values()) if (ready > 0) waiting++;
  return waiting === 1 ? builder : undefined;
}

/**
 * `first` and every task that can follow on the same builder without waiting for anybody else: all that is ready and has room
 * there, and all that needs only what is done or gathered. Each comes after what it needs.
 */
export function gatherGraph(schedule: ScoringSchedule, first: Task, builder: Builder): Task[] {
  const gathered: Task[] = [];
  const open = new Map<Task, number>();
  const room = new Room(schedule, builder);
  const queue = [first, ...otherReady(schedule, first, builder)];
  for (let at = 0; at < queue.length && gathered.length < GRAPH_TASKS_MAX; at++) {
    const task = queue[at]!;
    if (!room.take(task)) continue;
    gathered.push(task);
    for (const dependant of task.dependants) {
      const left = (open.get(dependant) ?? dependant.waitingFor) - 1;
      open.set(dependant, left);
      if (left === 0 && dependant.phase === "waiting" && isFor(schedule, dependant, builder))
        queue.push(dependant);
    }
  }
  return gathered;
}

function otherReady(schedule: ScoringSchedule, first: Task, builder: Builder): Task[] {
  const ready: Task[] = [];
  for (const kind of builder.pool.classes)
    for (const queue of kind.queues.values())
      for (const task of queue) if (task !== first && isFor(schedule, task, builder)) ready.push(task);
  return ready.sort(byUrgency);
}

/** Whether a builder, which takes builds, is the only one for a task. */
function isFor(schedule: ScoringSchedule, task: Task, builder: Builder): boolean {
  return (
    builder.pool.classes.has(task.kind) && usableFor(task.kind) === 1 && canTake(schedule, task, builder)
  );
}

/** Derivations in one request. What one request loses when its builder goes away is at most this. */
const GRAPH_TASKS_MAX = 2000;
