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

function share(schedule: ScoringSchedule, task: Task, request: Request): void {
  const wasReady = task.phase === "ready";
  if (wasReady) dequeue(schedule, task);
  if (!task.requests.includes(request)) task.requests = [...task.requests, request];
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
  // What is read together stands together.
  const task: Task = {
    phase: "waiting",
    waitingFor: 0,
    kind: classOf(schedule, requirement),
    nearestBytes: 0,
    nearestGainBytes: 0,
    urgency: 0,
    hold: undefined,
    losses: NO_LOSSES,
    memoryBytes: estimate.memoryBytes,
    nearest: undefined,
    requests: request.alone,
    inputs: countedInputs(inputs),
    durationMs: Math.round(estimate.durationMs),
    pathMs: Math.round(estimate.durationMs),
    passedOver: 0,
    run: undefined,
    attempts: 0,
    id,
    requirement,
    isForeseen: estimate.basis === "history",
    dependants: [],
    output: storedAt(schedule, { path: id, bytes: estimate.outputBytes }),
    outgrew: false,
    needs,
    sinceMs: schedule.nowMs,
    restUntilMs: 0,
    outputBytes: estimate.outputBytes,
  };
  schedule.tasks.set(id, task);
  request.tasks.add(task);
  added.add(task);
  for (const need of needs) need.dependants.push(task);
  reopen(schedule, task);
}

/** Few tasks have any. */
const NO_LOSSES: Task["losses"] = new Map();

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

function unknownNeed(task: string, need: string): ElsewhereError {
  return new ElsewhereError(
    "SCHEDULE",
    `Cannot schedule '${task}': what it needs, '${need}', is neither known nor in the request, or needs it in turn`,
  );
}
