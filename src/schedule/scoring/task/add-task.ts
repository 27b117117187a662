import { ElsewhereError } from "#base/errors.ts";
import type { BuildTask } from "../../schedule.ts";
import { classOf } from "../builder/classes.ts";
import { countedInputs, storedAt } from "../builder/locality.ts";
import type { Request, ScoringSchedule, Task } from "../state.ts";
import { NO_LOSSES, reopen } from "./task-phases.ts";

/** Adds a task after what it needs, without recursion: chains may be thousands long. */
export function addWithNeeds(schedule: ScoringSchedule, task: BuildTask, addition: Addition): void {
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

/** What of a request is added. */
export interface Addition {
  readonly given: ReadonlyMap<string, BuildTask>;
  readonly added: Set<Task>;
  readonly request: Request;
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

function unknownNeed(task: string, need: string): ElsewhereError {
  return new ElsewhereError(
    "SCHEDULE",
    `Cannot schedule '${task}': what it needs, '${need}', is neither known nor in the request, or needs it in turn`,
  );
}
