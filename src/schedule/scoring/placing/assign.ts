import type { Decision } from "../../schedule.ts";
import { memoryWanted } from "../builder/admission.ts";
import { hold } from "../builder/locality.ts";
import { freeSlotsOf, refile } from "../builder/pools.ts";
import type { Builder, Run, ScoringSchedule, Task } from "../state.ts";
import { dequeue, principalsOf, priorityOf } from "../task/ready-queues.ts";
import { scoreOf } from "./cost.ts";
import { verdictsOf } from "./explain.ts";
import { gatherGraph } from "./hand-over.ts";
import type { Placement } from "./turn.ts";

/** Gives a task a slot. */
export function assign(schedule: ScoringSchedule, { task, builder }: Placement, decisions: Decision[]): void {
  const reasons = reasonsFor(schedule, task, builder);
  dequeue(schedule, task);
  const slots = task.kind.wantsMachine ? freeSlotsOf(builder) : 1;
  const run = start(schedule, task, {
    builder,
    slots,
    expectedMs: reasons.score.durationMs + reasons.score.transferMs,
  });
  refile(schedule, builder);
  const cores = builder.cores === undefined ? undefined : run.cores;
  const { score, others } = reasons;
  decisions.push({ kind: "assign", builder: builder.name, tasks: [task.id], cores, score, others });
}

/** Hands all to a builder that is alone able to do it, in one request, as far as it needs nobody else in between. */
export function assignGraph(
  schedule: ScoringSchedule,
  { first, builder }: { first: Task; builder: Builder },
  decisions: Decision[],
): boolean {
  const tasks = gatherGraph(schedule, first, builder);
  if (tasks.length === 1) {
    assign(schedule, { task: first, builder }, decisions);
    return true;
  }
  const reasons = reasonsFor(schedule, first, builder);
  for (const task of tasks) {
    if (task.phase === "ready") dequeue(schedule, task);
    start(schedule, task, { builder, slots: 0, expectedMs: task.durationMs });
  }
  builder.handedOver += tasks.length;
  refile(schedule, builder);
  decisions.push({
    kind: "assign",
    builder: builder.name,
    tasks: tasks.map(({ id }) => id),
    cores: undefined,
    ...reasons,
  });
  return true;
}

function reasonsFor(schedule: ScoringSchedule, task: Task, builder: Builder) {
  const { othersMax } = schedule.policy;
  const score = scoreOf(schedule, task, builder);
  const others = othersMax === 0 ? [] : verdictsOf(schedule, task, { except: builder, max: othersMax });
  return { score, others };
}

function start(
  schedule: ScoringSchedule,
  task: Task,
  { builder, slots, expectedMs }: { builder: Builder; slots: number; expectedMs: number },
): Run {
  const { nowMs } = schedule;
  const run: Run = {
    task,
    builder,
    startedMs: nowMs,
    expectedEndMs: nowMs + expectedMs,
    slots,
    cores: slots > 0 ? coresFor(builder, slots) : 0,
    memoryBytes: memoryWanted(schedule, task),
    memoryGrantedBytes: (builder.memoryBytes ?? 0) - builder.memoryTakenBytes,
    handedOver: slots === 0,
    cancelled: false,
  };
  task.phase = "running";
  task.run = run;
  task.attempts++;
  schedule.running++;
  builder.runs.push(run);
  builder.slotsTaken += slots;
  builder.coresTaken += run.cores;
  builder.memoryTakenBytes += run.memoryBytes;
  builder.pool.ends.add(run);
  for (const input of task.inputs) hold(schedule, builder, input);
  charge(task, 1);
  return run;
}

/** Cores for one that takes `slots` of the free slots: its share of those that are free, one at least. */
function coresFor(builder: Builder, slots: number): number {
  const freeSlots = builder.maxJobs - builder.slotsTaken;
  const freeCores = (builder.cores ?? 0) - builder.coresTaken;
  return Math.max(1, Math.floor((freeCores * slots) / Math.max(1, freeSlots)));
}

/** Puts a task on the accounts of those who ask for it, in equal parts; one more of priority costs half as much. */
function charge(task: Task, times: number): void {
  const principals = principalsOf(task);
  const share = 2 ** Math.max(-PRIORITY_DOUBLINGS_MAX, Math.min(PRIORITY_DOUBLINGS_MAX, priorityOf(task)));
  for (const principal of principals)
    principal.servedMs += (times * task.durationMs) / share / principals.length;
}

const PRIORITY_DOUBLINGS_MAX = 30;
