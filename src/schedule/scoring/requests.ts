import { ElsewhereError } from "#base/errors.ts";
import type { Decision, ScheduleEvent } from "../schedule.ts";
import type { Principal, Request, ScoringSchedule, Task } from "./state.ts";
import { addWithNeeds } from "./task/add-task.ts";
import { measurePaths, remeasure } from "./task/critical-path.ts";
import { dequeue, enqueue } from "./task/ready-queues.ts";
import { close, forget, isOpen, reopen, settle } from "./task/task-phases.ts";

/** Takes in what somebody asks for: what is not known yet is added, what is known is shared. */
export function takeRequest(
  schedule: ScoringSchedule,
  event: Extract<ScheduleEvent, { kind: "requested" }>,
): void {
  const request: Request = {
    name: event.request,
    principal: principalNamed(schedule, event.principal),
    priority: event.priority,
    keepGoing: event.keepGoing,
    tasks: new Set(),
    alone: [],
    stopped: false,
  };
  request.alone.push(request);
  if (schedule.requests.has(request.name))
    throw new ElsewhereError("SCHEDULE", `Cannot take request '${request.name}': there is one of that name`);
  schedule.requests.set(request.name, request);
  const added = new Set<Task>();
  const given = new Map(event.tasks.map((task) => [task.id, task]));
  for (const task of given.values()) {
    const known = schedule.tasks.get(task.id);
    if (known) share(schedule, known, request);
    else addWithNeeds(schedule, task, { given, added, request });
  }
  measurePaths(added);
  for (const task of request.tasks)
    if (task.phase === "waiting" && task.waitingFor === 0) enqueue(schedule, task);
}

/** Lets a request go: what others wait for stays, and what nobody waits for is stopped or forgotten. */
export function withdraw(schedule: ScoringSchedule, name: string, decisions: Decision[]): void {
  const request = schedule.requests.get(name);
  if (!request) return;
  schedule.requests.delete(name);
  const gone: Task[] = [];
  for (const task of request.tasks) {
    const { phase } = task;
    if (phase === "ready") dequeue(schedule, task);
    task.requests = task.requests.filter((one) => one !== request);
    if (task.requests.length > 0) settle(schedule, task);
    else if (phase !== "running") {
      if (isOpen(task)) close(schedule, task);
      gone.push(task);
    } else if (!task.run!.cancelled) {
      task.run!.cancelled = true;
      decisions.push({ kind: "cancel", builder: task.run!.builder.name, task: task.id });
    }
  }
  remeasure(forget(schedule, gone));
  forgetPrincipal(schedule, request.principal);
}

/** Begins nothing more of a request. */
export function stopRequest(schedule: ScoringSchedule, request: Request): void {
  if (request.stopped) return;
  const ready = [...request.tasks].filter(({ phase }) => phase === "ready");
  for (const task of ready) dequeue(schedule, task);
  request.stopped = true;
  for (const task of request.tasks) settle(schedule, task);
}

function share(schedule: ScoringSchedule, task: Task, request: Request): void {
  const wasReady = task.phase === "ready";
  if (wasReady) dequeue(schedule, task);
  if (!task.requests.includes(request)) task.requests = [...task.requests, request];
  request.tasks.add(task);
  if (wasReady) enqueue(schedule, task);
  else if (task.phase === "failed" || task.phase === "stopped") reopen(schedule, task);
}

function principalNamed(schedule: ScoringSchedule, name: string): Principal {
  const known = schedule.principals.get(name);
  if (known) return known;
  const principal: Principal = { name, alone: [], servedMs: 0, ready: 0 };
  principal.alone.push(principal);
  schedule.principals.set(name, principal);
  return principal;
}

/** What somebody was served is kept for as long as they ask for something. */
function forgetPrincipal(schedule: ScoringSchedule, principal: Principal): void {
  for (const other of schedule.requests.values()) if (other.principal === principal) return;
  schedule.principals.delete(principal.name);
  for (const kind of schedule.classes.values()) kind.queues.delete(principal);
}
