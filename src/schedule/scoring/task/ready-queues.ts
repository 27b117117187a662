import { OrderedList } from "../../ordered-list.ts";
import { compare } from "../builder/classes.ts";
import { findNearest } from "../builder/locality.ts";
import { refile } from "../builder/pools.ts";
import type { Principal, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { touch } from "../touched.ts";

/** Puts a task among what is ready, for each who asks for it. */
export function enqueue(schedule: ScoringSchedule, task: Task): void {
  const { kind } = task;
  task.phase = "ready";
  task.urgency = urgencyOf(task);
  task.passedOver = 0;
  findNearest(task);
  for (const principal of principalsOf(task)) {
    if (principal.ready++ === 0) catchUp(schedule, principal);
    let queue = kind.queues.get(principal);
    if (!queue) {
      queue = listByUrgency();
      kind.queues.set(principal, queue);
    }
    queue.add(task);
  }
  kind.ready++;
  task.nearest?.near.add(task);
  touch(schedule, kind);
}

/** Takes a task out of what is ready. */
export function dequeue(schedule: ScoringSchedule, task: Task): void {
  const { kind } = task;
  for (const principal of principalsOf(task)) if (kind.queues.get(principal)?.delete(task)) principal.ready--;
  kind.ready--;
  task.nearest?.near.delete(task);
  task.hold = undefined;
  if (kind.reserved?.task === task) unreserve(schedule, kind);
}

/** Gives a task that is ready its place anew, after its chain or its priority changed. */
export function requeue(task: Task): void {
  if (task.phase !== "ready") return;
  const { kind, nearest } = task;
  const queues = principalsOf(task).map((principal) => kind.queues.get(principal)!);
  for (const queue of queues) queue.delete(task);
  nearest?.near.delete(task);
  task.urgency = urgencyOf(task);
  for (const queue of queues) queue.add(task);
  nearest?.near.add(task);
}

/** Gives back to everybody the builder that was being emptied. */
export function unreserve(schedule: ScoringSchedule, kind: TaskClass): void {
  const { reserved } = kind;
  if (!reserved) return;
  kind.reserved = undefined;
  reserved.builder.reservedFor = undefined;
  refile(schedule, reserved.builder);
}

/** The most urgent first. */
export function byUrgency(a: Task, b: Task): number {
  return b.urgency - a.urgency || byId(a, b);
}

/** For tasks in the same order. */
export function listByUrgency(): OrderedList<Task> {
  return new OrderedList(byId, ({ urgency }) => -urgency);
}

/** Whoever still asks for a task, each once. */
export function principalsOf({ requests }: Task): readonly Principal[] {
  const [first] = requests;
  if (requests.length === 1 && !first!.stopped) return first!.principal.alone;
  const principals: Principal[] = [];
  for (const { principal, stopped } of requests)
    if (!stopped && !principals.includes(principal)) principals.push(principal);
  return principals;
}

export function priorityOf({ requests }: Task): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (const { priority, stopped } of requests) if (!stopped) highest = Math.max(highest, priority);
  return Number.isFinite(highest) ? highest : 0;
}

/**
 * Longer chains first; who waits longer is treated as if its chain were longer by as much, so that nothing waits for ever while new
 * things come. That all wait at the same pace leaves their order as it is, so the time of asking can stand for the waiting.
 */
function urgencyOf(task: Task): number {
  return task.pathMs + priorityOf(task) * PRIORITY_MS - task.sinceMs;
}

function byId(a: Task, b: Task): number {
  return compare(a.id, b.id);
}

/** Whoever asked for nothing for a while has saved up no share by it. */
function catchUp(schedule: ScoringSchedule, principal: Principal): void {
  let leastMs = Number.POSITIVE_INFINITY;
  for (const other of schedule.principals.values())
    if (other !== principal && other.ready > 0) leastMs = Math.min(leastMs, other.servedMs);
  if (Number.isFinite(leastMs)) principal.servedMs = Math.max(principal.servedMs, leastMs);
}

/** One step of priority counts for as much waiting. */
const PRIORITY_MS = 60_000;
