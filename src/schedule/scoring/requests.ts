import { ElsewhereError } from "#base/errors.ts";
import type { BuildTask, Decision, ScheduleEvent } from "../schedule.ts";
import { classOf } from "./classes.ts";
import { measurePaths, remeasure } from "./critical-path.ts";
import { countedInputs, storedAt } from "./locality.ts";
import { dequeue, enqueue } from "./ready-queues.ts";
import type { Principal, Request, ScoringSchedule, Task } from "./state.ts";

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
    stopped: false,
  };
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
  const shortened = new Set<Task>();
  for (const task of request.tasks) {
    const { phase } = task;
    if (phase === "ready") dequeue(schedule, task);
    task.requests.delete(request);
    if (task.requests.size > 0) settle(schedule, task);
    else if (phase !== "running") {
      for (const need of task.needs) shortened.add(need);
      if (isOpen(task)) close(schedule, task);
      forget(schedule, task);
    } else if (!task.run!.cancelled) {
      task.run!.cancelled = true;
      decisions.push({ kind: "cancel", builder: task.run!.builder.name, task: task.id });
    }
  }
  remeasure([...shortened].filter(({ id }) => schedule.tasks.has(id)));
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

/** Forgets a task that nobody waits for and that does not run. */
export function forget(schedule: ScoringSchedule, task: Task): void {
  schedule.tasks.delete(task.id);
  for (const need of task.needs) need.dependants.delete(task);
  const { holders, path } = task.output;
  if (holders.size === 0) schedule.stored.delete(path);
}

/** Whether a task may still run and does not. */
export function isOpen({ phase }: Task): boolean {
  return phase === "waiting" || phase === "ready" || phase === "resting";
}

/** Counts a task as one that will not run again. */
export function close(schedule: ScoringSchedule, { kind, estimate }: Task): void {
  schedule.open--;
  kind.workMs -= estimate.durationMs;
}

/** Counts a task as one that is to be done, from its needs on. */
export function reopen(schedule: ScoringSchedule, task: Task): void {
  const { kind, estimate, needs } = task;
  schedule.open++;
  kind.workMs += estimate.durationMs;
  task.phase = "waiting";
  task.attempts = 0;
  task.losses = NO_LOSSES;
  task.waitingFor = 0;
  for (const { phase } of needs) if (phase !== "done") task.waitingFor++;
}

/** Gives an open task, which is in no queue, its place after who asks for it changed. */
export function settle(schedule: ScoringSchedule, task: Task): void {
  if (!isOpen(task)) return;
  if ([...task.requests].every(({ stopped }) => stopped)) {
    close(schedule, task);
    task.phase = "stopped";
  } else if (task.phase === "ready") enqueue(schedule, task);
}

function share(schedule: ScoringSchedule, task: Task, request: Request): void {
  const wasReady = task.phase === "ready";
  if (wasReady) dequeue(schedule, task);
  task.requests.add(request);
  request.tasks.add(task);
  if (wasReady) enqueue(schedule, task);
  else if (task.phase === "failed" || task.phase === "stopped") reopen(schedule, task);
}

interface Addition {
  readonly given: ReadonlyMap<string, BuildTask>;
  readonly added: Set<Task>;
  readonly request: Request;
}

/** Adds a task after what it needs, without recursion: chains may be thousands long. */
function addWithNeeds(schedule: ScoringSchedule, task: BuildTask, addition: Addition): void {
  const stack = [task];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const lacking = top.needs.filter((need) => !schedule.tasks.has(need));
    for (const need of lacking) {
      const given = addition.given.get(need);
      if (!given || stack.includes(given)) throw unknownNeed(top.id, need);
      stack.push(given);
    }
    if (lacking.length > 0) continue;
    stack.pop();
    if (!schedule.tasks.has(top.id)) add(schedule, top, addition);
  }
}

function add(schedule: ScoringSchedule, given: BuildTask, { added, request }: Addition): void {
  const { id, requirement, estimate } = given;
  const needs = given.needs.map((need) => schedule.tasks.get(need)!);
  const inputs = [
    ...needs.map(({ output }) => output),
    ...given.inputs.map((input) => storedAt(schedule, input)),
  ];
  const task: Task = {
    id,
    requirement,
    kind: classOf(schedule, requirement),
    estimate,
    needs,
    dependants: new Set(),
    inputs: countedInputs(inputs),
    output: storedAt(schedule, { path: id, bytes: estimate.outputBytes }),
    requests: new Set([request]),
    sinceMs: schedule.nowMs,
    phase: "waiting",
    waitingFor: 0,
    pathMs: estimate.durationMs,
    urgency: 0,
    attempts: 0,
    losses: NO_LOSSES,
    restUntilMs: 0,
    memoryBytes: estimate.memoryBytes,
    outgrew: false,
    run: undefined,
    hold: undefined,
    nearest: undefined,
    nearestBytes: 0,
    passedOver: 0,
  };
  schedule.tasks.set(id, task);
  request.tasks.add(task);
  added.add(task);
  for (const need of needs) need.dependants.add(task);
  reopen(schedule, task);
}

/** Few tasks have any. */
const NO_LOSSES: Task["losses"] = new Map();

function principalNamed(schedule: ScoringSchedule, name: string): Principal {
  const known = schedule.principals.get(name);
  if (known) return known;
  const principal = { name, servedMs: 0, ready: 0 };
  schedule.principals.set(name, principal);
  return principal;
}

/** What somebody was served is kept for as long as they ask for something. */
function forgetPrincipal(schedule: ScoringSchedule, principal: Principal): void {
  for (const other of schedule.requests.values()) if (other.principal === principal) return;
  schedule.principals.delete(principal.name);
}

function unknownNeed(task: string, need: string): ElsewhereError {
  return new ElsewhereError(
    "SCHEDULE",
    `Cannot schedule '${task}': what it needs, '${need}', is neither known nor in the request, or needs it in turn`,
  );
}
