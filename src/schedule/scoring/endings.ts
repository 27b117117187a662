import type { Loss } from "../loss.ts";
import type { Decision } from "../schedule.ts";
import { setAlarm } from "./alarms.ts";
import { hasUntried, largestMemory, mayEverTake } from "./builder/admission.ts";
import { hold } from "./builder/locality.ts";
import { refile } from "./builder/pools.ts";
import { stopRequest } from "./requests.ts";
import type { Run, ScoringSchedule, Task } from "./state.ts";
import { dequeue, enqueue } from "./task/ready-queues.ts";
import { close, forget, isOpen, reopen, settle } from "./task/task-phases.ts";
import { touch } from "./touched.ts";

/** Gives back what a task has on a builder; undefined for one that does not run there. */
export function release(schedule: ScoringSchedule, id: string, name: string): Run | undefined {
  const run = schedule.tasks.get(id)?.run;
  if (run?.builder.name !== name) return undefined;
  const { builder, task } = run;
  task.run = undefined;
  schedule.running--;
  const last = builder.runs.pop()!;
  if (last !== run) builder.runs[builder.runs.indexOf(run)] = last;
  builder.pool.ends.delete(run);
  builder.slotsTaken -= run.slots;
  builder.coresTaken -= run.cores;
  builder.memoryTakenBytes -= run.memoryBytes;
  if (run.handedOver) builder.handedOver--;
  if (builder.reservedFor) touch(schedule, builder.reservedFor.kind);
  refile(schedule, builder);
  return run;
}

export function succeed(
  schedule: ScoringSchedule,
  { task, builder }: Run,
  outputBytes: number | undefined,
): void {
  if (outputBytes !== undefined) task.output.bytes = Math.round(outputBytes);
  hold(schedule, builder, task.output);
  task.phase = "done";
  close(schedule, task);
  for (const dependant of task.dependants) {
    dependant.waitingFor--;
    if (dependant.waitingFor === 0 && dependant.phase === "waiting") enqueue(schedule, dependant);
  }
  if (task.requests.length === 0) forget(schedule, [task]);
}

/** Fails a task that does not run, and everything that needs it. */
export function fail(schedule: ScoringSchedule, task: Task, decisions: Decision[]): void {
  task.phase = "failed";
  close(schedule, task);
  const queue = [task];
  for (let next = queue.pop(); next; next = queue.pop())
    for (const dependant of next.dependants) {
      if (dependant.phase !== "waiting") continue;
      dependant.phase = "failed";
      close(schedule, dependant);
      decisions.push({ kind: "skip", task: dependant.id, because: task.id });
      queue.push(dependant);
    }
  for (const request of task.requests) if (!request.keepGoing) stopRequest(schedule, request);
  if (task.requests.length === 0) forget(schedule, [task]);
}

/** Lets a task whose attempt came to nothing have another, or gives it up. */
export function retry(schedule: ScoringSchedule, run: Run, loss: Loss, decisions: Decision[]): void {
  const { task } = run;
  task.phase = "waiting";
  if (task.requests.length === 0) {
    close(schedule, task);
    forget(schedule, [task]);
    return;
  }
  if (run.cancelled) task.attempts--;
  else noteLoss(schedule, run, loss);
  settle(schedule, task);
  if (!isOpen(task)) return;
  const broken = task.needs.find(({ phase }) => phase === "failed");
  if (broken) {
    decisions.push({ kind: "skip", task: task.id, because: broken.id });
    fail(schedule, task, decisions);
  } else if (task.attempts >= schedule.policy.attemptsMax || isHopeless(schedule, task))
    giveUp(schedule, task, decisions);
  else if (task.waitingFor === 0) restOrQueue(schedule, task, run);
}

/** Gives up a task that does not run, and fails what needs it. */
export function giveUp(schedule: ScoringSchedule, task: Task, decisions: Decision[]): void {
  if (task.phase === "ready") dequeue(schedule, task);
  decisions.push({ kind: "give-up", task: task.id, attempts: task.attempts });
  fail(schedule, task, decisions);
}

/** Has tasks done again whose outputs are gone. */
export function redo(schedule: ScoringSchedule, ids: readonly string[]): void {
  const again = ids.flatMap((id) => schedule.tasks.get(id) ?? []).filter(({ phase }) => phase === "done");
  for (const task of again) {
    task.output.removeHolders();
    reopen(schedule, task);
    for (const dependant of task.dependants) {
      if (dependant.phase === "ready") dequeue(schedule, dependant);
      if (isOpen(dependant)) dependant.phase = "waiting";
      dependant.waitingFor++;
    }
  }
  for (const task of again) {
    // After its request was stopped nobody waits for it.
    settle(schedule, task);
    if (!isOpen(task)) continue;
    task.waitingFor = task.needs.filter(({ phase }) => phase !== "done").length;
    if (task.waitingFor === 0) enqueue(schedule, task);
  }
}

function noteLoss(schedule: ScoringSchedule, { task, builder, memoryGrantedBytes }: Run, loss: Loss): void {
  const others = [...task.losses].filter(([one]) => one !== builder);
  // The last loss is the last in the map.
  task.losses = new Map([...others, [builder, loss]]);
  if (loss !== "out-of-memory") return;
  const more = Math.max(memoryGrantedBytes + 1, task.memoryBytes);
  task.memoryBytes = Math.max(more, Math.min(2 * task.memoryBytes, largestMemory(schedule, task.kind)));
  task.outgrew = true;
}

/** Whether it ran out of memory and nobody has more. */
function isHopeless(schedule: ScoringSchedule, task: Task): boolean {
  if (!task.outgrew || schedule.policy.waitsForBuilders) return false;
  for (const builder of schedule.builders.values()) if (mayEverTake(schedule, task, builder)) return false;
  return true;
}

function restOrQueue(schedule: ScoringSchedule, task: Task, { cancelled }: Run): void {
  if (cancelled || (task.losses.size === 1 && hasUntried(task))) {
    enqueue(schedule, task);
    return;
  }
  task.phase = "resting";
  task.restUntilMs = schedule.nowMs + REST_MS * REST_FACTOR ** (task.attempts - 1);
  setAlarm(schedule, task.restUntilMs, { kind: "rest", task });
}

/** After a first loss where nobody else is left, and after any other; each time three times as long. */
const REST_MS = 1000;
const REST_FACTOR = 3;
