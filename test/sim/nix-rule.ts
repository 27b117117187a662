import { choose } from "#schedule/nix-choice.ts";
import { OrderedList } from "#schedule/ordered-list.ts";
import { type BuilderTraits, refusalOf } from "#schedule/requirement.ts";
import type {
  BuilderState,
  BuildTask,
  Decision,
  Policy,
  ScheduleEvent,
  Scheduler,
} from "#schedule/schedule.ts";
import type { Score } from "#schedule/score.ts";

interface Known {
  readonly task: BuildTask;
  readonly dependants: Set<Known>;
  waitingFor: number;
  attempts: number;
  phase: "waiting" | "ready" | "running" | "done" | "failed";
}

interface Machine {
  readonly traits: BuilderTraits;
  state: BuilderState;
  running: number;
}

/** What a client of Nix has in its head, were it one for all. */
export interface NixSchedule {
  readonly tasks: Map<string, Known>;
  readonly machines: Machine[];
  readonly ready: OrderedList<Known>;
  readonly policy: Policy;
}

/**
 * Nix's own rule, for comparison, with one view of the load for all clients, which Nix does not have: what is ready goes by name,
 * to the machine with the least load for its speed. Source: Nix, `build-remote`, `CompareGoalPtrs`.
 */
export const nixRule: Scheduler<NixSchedule> = {
  begin: (builders, policy) => ({
    tasks: new Map(),
    machines: builders.map((traits) => ({ traits, state: "connecting", running: 0 })),
    ready: new OrderedList((a, b) =>
      a.task.id.slice(33) + a.task.id < b.task.id.slice(33) + b.task.id ? -1 : a === b ? 0 : 1,
    ),
    policy,
  }),
  advance(schedule, event) {
    const decisions: Decision[] = [];
    take(schedule, event, decisions);
    place(schedule, decisions);
    return { schedule, decisions, wakeAtMs: undefined, open: Number.NaN };
  },
  reasonOf: () => undefined,
  explain: () => [],
  upcoming: () => [],
};

function take(schedule: NixSchedule, event: ScheduleEvent, decisions: Decision[]): void {
  switch (event.kind) {
    case "requested":
      add(schedule, event.tasks);
      return;
    case "builder-joined":
      schedule.machines.push({ traits: event.traits, state: "connecting", running: 0 });
      return;
    case "builder-changed":
      machineOf(schedule, event.builder).state = event.state;
      return;
    case "outputs-lost":
      for (const id of event.tasks) redo(schedule, schedule.tasks.get(id)!);
      return;
    case "succeeded":
    case "failed":
    case "lost":
      end(schedule, event, decisions);
      return;
  }
}

function add({ tasks, ready }: NixSchedule, given: readonly BuildTask[]): void {
  const added = given.filter(({ id }) => !tasks.has(id));
  for (const task of added)
    tasks.set(task.id, { task, dependants: new Set(), waitingFor: 0, attempts: 0, phase: "waiting" });
  for (const task of added) {
    const known = tasks.get(task.id)!;
    for (const need of task.needs) {
      tasks.get(need)!.dependants.add(known);
      if (tasks.get(need)!.phase !== "done") known.waitingFor++;
    }
  }
  for (const { id } of added) {
    const known = tasks.get(id)!;
    if (known.waitingFor === 0) makeReady(ready, known);
  }
}

function end(
  schedule: NixSchedule,
  { kind, task, builder }: { kind: "succeeded" | "failed" | "lost"; task: string; builder: string },
  decisions: Decision[],
): void {
  const known = schedule.tasks.get(task)!;
  machineOf(schedule, builder).running--;
  if (kind === "succeeded") {
    known.phase = "done";
    for (const dependant of known.dependants)
      if (--dependant.waitingFor === 0 && dependant.phase === "waiting") makeReady(schedule.ready, dependant);
  } else if (kind === "lost" && known.attempts < schedule.policy.attemptsMax) {
    known.phase = "waiting";
    if (known.waitingFor === 0) makeReady(schedule.ready, known);
  } else {
    if (kind === "lost") decisions.push({ kind: "give-up", task, attempts: known.attempts });
    fail(known, decisions);
  }
}

function fail(known: Known, decisions: Decision[]): void {
  known.phase = "failed";
  for (const dependant of known.dependants)
    if (dependant.phase === "waiting") {
      decisions.push({ kind: "skip", task: dependant.task.id, because: known.task.id });
      fail(dependant, decisions);
    }
}

function redo({ ready, tasks }: NixSchedule, known: Known): void {
  for (const dependant of known.dependants) {
    dependant.waitingFor++;
    if (dependant.phase !== "ready") continue;
    ready.delete(dependant);
    dependant.phase = "waiting";
  }
  known.phase = "waiting";
  known.waitingFor = known.task.needs.filter((need) => tasks.get(need)!.phase !== "done").length;
  if (known.waitingFor === 0) makeReady(ready, known);
}

function makeReady(ready: OrderedList<Known>, known: Known): void {
  known.phase = "ready";
  ready.add(known);
}

function place({ ready, machines }: NixSchedule, decisions: Decision[]): void {
  const full = new Set<string>();
  for (const known of [...ready]) {
    const { id, requirement } = known.task;
    const key = JSON.stringify(requirement);
    if (full.has(key)) continue;
    const open = machines.filter(({ state, traits }) => state === "up" && !refusalOf(traits, requirement));
    const chosen = choose(open, requirement.preferLocal) as Machine | undefined;
    if (!chosen) {
      full.add(key);
      continue;
    }
    ready.delete(known);
    known.phase = "running";
    known.attempts++;
    chosen.running++;
    decisions.push({
      kind: "assign",
      builder: chosen.traits.name,
      tasks: [id],
      cores: undefined,
      score: NO_SCORE,
      others: [],
    });
  }
}

function machineOf({ machines }: NixSchedule, name: string): Machine {
  return machines.find(({ traits }) => traits.name === name)!;
}

const NO_SCORE = {} as Score;
