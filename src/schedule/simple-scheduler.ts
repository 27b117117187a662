import { unreachable } from "#base/errors.ts";
import { gatherGraph } from "./hand-over.ts";
import { type Candidate, choose } from "./placement.ts";
import { ReadyQueue } from "./ready-queue.ts";
import type { BuilderVerdict, Obstacle, WaitReason } from "./reason.ts";
import { type BuilderTraits, type Requirement, refusalOf } from "./requirement.ts";
import type { Advance, BuildTask, Decision, Policy, ScheduleEvent, Scheduler } from "./schedule.ts";
import type { Score } from "./score.ts";
import type { BuilderLoad, SimpleSchedule, TaskState } from "./simple-schedule.ts";

/**
 * Places ready builds by Nix's rule over all builders at once, longest chain of dependants first. Where
 * only one builder is left that can do a build, it is handed all that it can do in one request.
 */
export const simpleScheduler: Scheduler<SimpleSchedule> = { begin, advance, reasonOf, explain };

function begin(builders: readonly BuilderTraits[], policy: Policy): SimpleSchedule {
  const loads = builders.map((traits): [string, BuilderLoad] => [
    traits.name,
    { traits, state: "connecting", running: 0 },
  ]);
  return {
    tasks: new Map(),
    builders: new Map(loads),
    ready: new ReadyQueue(),
    policy,
    keepGoing: true,
    stopped: false,
  };
}

function advance(schedule: SimpleSchedule, event: ScheduleEvent): Advance<SimpleSchedule> {
  const decisions: Decision[] = [];
  switch (event.kind) {
    case "requested":
      schedule.keepGoing = event.keepGoing;
      add(schedule, event.tasks);
      break;
    case "builder-joined":
      schedule.builders.set(event.traits.name, { traits: event.traits, state: "connecting", running: 0 });
      break;
    case "builder-changed":
      schedule.builders.get(event.builder)!.state = event.state;
      break;
    case "succeeded":
      if (release(schedule, event.task, event.builder)) succeed(schedule, event.task);
      break;
    case "failed":
      if (release(schedule, event.task, event.builder)) fail(schedule, event.task, decisions);
      break;
    case "lost":
      if (release(schedule, event.task, event.builder)) retry(schedule, event, decisions);
      break;
    case "stopped":
      schedule.stopped = true;
      break;
    case "builder-found":
    case "paths-found":
    case "outputs-lost":
    // What nobody waits for any longer is placed all the same: who asked for it ends it.
    case "withdrawn":
    case "probed":
    case "woken":
      break;
    default:
      unreachable(event);
  }
  if (!schedule.stopped) place(schedule, decisions);
  return { schedule, decisions, wakeAtMs: undefined };
}

function add(schedule: SimpleSchedule, tasks: readonly BuildTask[]): void {
  const { tasks: states } = schedule;
  const added = tasks.filter(({ id }) => !states.has(id)).map(newTask);
  for (const state of added) states.set(state.task.id, state);
  for (const state of added)
    for (const need of state.task.needs) {
      states.get(need)!.dependants.push(state.task.id);
      if (states.get(need)!.phase !== "done") state.waitingFor++;
    }
  measureHeights(states);
  for (const state of added) if (state.waitingFor === 0) makeReady(schedule, state);
}

function newTask(task: BuildTask): TaskState {
  return {
    task,
    dependants: [],
    height: 1,
    waitingFor: 0,
    attempts: 0,
    phase: "waiting",
    avoid: new Set(),
  };
}

function reasonOf(schedule: SimpleSchedule, id: string): WaitReason | undefined {
  const state = schedule.tasks.get(id);
  if (state?.phase === "waiting")
    return {
      kind: "inputs",
      tasks: state.task.needs.filter((need) => schedule.tasks.get(need)!.phase !== "done"),
    };
  if (state?.phase !== "ready") return undefined;
  return schedule.stopped ? { kind: "stopped" } : { kind: "builders", verdicts: explain(schedule, id) };
}

function explain(schedule: SimpleSchedule, id: string): BuilderVerdict[] {
  const state = schedule.tasks.get(id);
  if (!state) return [];
  return [...schedule.builders.values()].map((builder): BuilderVerdict => {
    const obstacle = obstacleOf(builder, state.task.requirement);
    const { name } = builder.traits;
    if (obstacle) return { builder: name, obstacle };
    return { builder: name, score: scoreOf(builder, state) };
  });
}

function obstacleOf({ state, running, traits }: BuilderLoad, requirement: Requirement): Obstacle | undefined {
  const refusal = refusalOf(traits, requirement);
  if (refusal) return refusal;
  if (state !== "up") return { kind: state };
  return running < traits.maxJobs ? undefined : { kind: "full", running, slots: traits.maxJobs };
}

function scoreOf({ running, traits }: BuilderLoad, { task, height }: TaskState): Score {
  const durationMs = task.estimate.durationMs / traits.speedFactor;
  return {
    totalMs: durationMs,
    durationMs,
    transferMs: 0,
    loadMs: 0,
    localMs: 0,
    speed: traits.speedFactor,
    emulated: false,
    missingBytes: 0,
    running,
    slots: traits.maxJobs,
    criticalPathMs: height * task.estimate.durationMs,
    waitedMs: 0,
  };
}

/** Gives the slot back; false for a task that was not running. */
function release(schedule: SimpleSchedule, task: string, builder: string): boolean {
  const state = schedule.tasks.get(task)!;
  if (state.phase !== "running") return false;
  schedule.builders.get(builder)!.running--;
  return true;
}

function succeed(schedule: SimpleSchedule, task: string): void {
  const state = schedule.tasks.get(task)!;
  state.phase = "done";
  for (const id of state.dependants) {
    const dependant = schedule.tasks.get(id)!;
    dependant.waitingFor--;
    if (dependant.waitingFor === 0 && dependant.phase === "waiting") makeReady(schedule, dependant);
  }
}

/** Fails a task and everything that needs it. */
function fail(schedule: SimpleSchedule, task: string, decisions: Decision[]): void {
  schedule.tasks.get(task)!.phase = "failed";
  const queue = [task];
  for (let id = queue.pop(); id !== undefined; id = queue.pop())
    for (const dependant of schedule.tasks.get(id)!.dependants) {
      const state = schedule.tasks.get(dependant)!;
      if (state.phase !== "waiting") continue;
      state.phase = "failed";
      decisions.push({ kind: "skip", task: dependant, because: task });
      queue.push(dependant);
    }
  if (!schedule.keepGoing) schedule.stopped = true;
}

function retry(
  schedule: SimpleSchedule,
  { task, builder }: { task: string; builder: string },
  decisions: Decision[],
): void {
  const state = schedule.tasks.get(task)!;
  state.avoid.add(builder);
  const broken = state.task.needs.find((need) => schedule.tasks.get(need)!.phase === "failed");
  if (broken !== undefined) {
    decisions.push({ kind: "skip", task, because: broken });
    fail(schedule, task, decisions);
  } else if (state.attempts >= schedule.policy.attemptsMax) giveUp(schedule, state, decisions);
  else if (state.waitingFor > 0) state.phase = "waiting";
  else makeReady(schedule, state);
}

function giveUp(schedule: SimpleSchedule, state: TaskState, decisions: Decision[]): void {
  decisions.push({ kind: "give-up", task: state.task.id, attempts: state.attempts });
  fail(schedule, state.task.id, decisions);
}

function makeReady(schedule: SimpleSchedule, state: TaskState): void {
  state.phase = "ready";
  schedule.ready.push(classOf(state), { id: state.task.id, height: state.height });
}

/** Ready tasks with the same needs and the same past are placed alike. */
function classOf({ task, avoid }: TaskState): string {
  const { system, features, preferLocal } = task.requirement;
  return JSON.stringify([system, features, preferLocal, [...avoid].sort()]);
}

function place(schedule: SimpleSchedule, decisions: Decision[]): void {
  for (const group of schedule.ready.groups()) {
    for (let first = group.peek(); first && !schedule.stopped; first = group.peek()) {
      const state = schedule.tasks.get(first.id)!;
      if (state.phase !== "ready") {
        group.pop();
        continue;
      }
      const able = ableBuilders(schedule, state.task.requirement);
      if (able.length === 0) {
        group.pop();
        giveUp(schedule, state, decisions);
        continue;
      }
      const chosen = chooseFor(state, able);
      if (!chosen) break;
      group.pop();
      const tasks =
        able.length === 1 && chosen.traits.takesGraphs && chosen.running === 0
          ? gatherGraph(schedule, state, (requirement) => isOnly(schedule, chosen, requirement))
          : [state.task.id];
      const score = scoreOf(chosen, state);
      assign(schedule, chosen, tasks);
      decisions.push({
        kind: "assign",
        builder: chosen.traits.name,
        tasks,
        cores: undefined,
        score,
        others: [],
      });
    }
  }
}

function chooseFor(state: TaskState, able: readonly BuilderLoad[]): BuilderLoad | undefined {
  const fresh = able.filter(({ traits }) => !state.avoid.has(traits.name));
  // One that lost it before is better than none.
  const open = (fresh.length > 0 ? fresh : able).filter(({ state }) => state === "up");
  return choose(open as readonly (BuilderLoad & Candidate)[], state.task.requirement.preferLocal) as
    | BuilderLoad
    | undefined;
}

function assign(schedule: SimpleSchedule, builder: BuilderLoad, tasks: readonly string[]): void {
  for (const id of tasks) {
    const state = schedule.tasks.get(id)!;
    state.phase = "running";
    state.attempts++;
    builder.running++;
  }
}

function ableBuilders(schedule: SimpleSchedule, requirement: Requirement): BuilderLoad[] {
  return [...schedule.builders.values()].filter(
    ({ state, traits }) => state !== "down" && state !== "drained" && !refusalOf(traits, requirement),
  );
}

function isOnly(schedule: SimpleSchedule, builder: BuilderLoad, requirement: Requirement): boolean {
  const able = ableBuilders(schedule, requirement);
  return able.length === 1 && able[0] === builder;
}

/** From what nobody needs down to the leaves, without recursion. */
function measureHeights(states: Map<string, TaskState>): void {
  const open = new Map([...states].map(([id, { dependants }]) => [id, dependants.length]));
  const queue = [...states.keys()].filter((id) => open.get(id) === 0);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const { task, height } = states.get(id)!;
    for (const need of task.needs) {
      const below = states.get(need)!;
      below.height = Math.max(below.height, height + 1);
      open.set(need, open.get(need)! - 1);
      if (open.get(need) === 0) queue.push(need);
    }
  }
}
