import type { BuilderVerdict, WaitReason } from "../../reason.ts";
import { refusalOf } from "../../requirement.ts";
import { mayEverTake, obstacleOf } from "../builder/admission.ts";
import type { Builder, ScoringSchedule, Task } from "../state.ts";
import { principalsOf } from "../task/ready-queues.ts";
import { scoreOf } from "./cost.ts";

/** What stands for and against each builder for a task, in the order of the builders. */
export function explain(schedule: ScoringSchedule, id: string): readonly BuilderVerdict[] {
  const task = schedule.tasks.get(id);
  return task ? verdictsOf(schedule, task, { max: Number.POSITIVE_INFINITY }) : [];
}

export function verdictsOf(
  schedule: ScoringSchedule,
  task: Task,
  { except, max }: { except?: Builder; max: number },
): BuilderVerdict[] {
  const verdicts: BuilderVerdict[] = [];
  for (const builder of schedule.builders.values()) {
    if (verdicts.length >= max) break;
    if (builder !== except) verdicts.push(verdictOf(schedule, task, builder));
  }
  return verdicts;
}

/** Why a task does not run; undefined for one that runs, has ended, or is not known. */
export function reasonOf(schedule: ScoringSchedule, id: string): WaitReason | undefined {
  const task = schedule.tasks.get(id);
  if (!task) return undefined;
  switch (task.phase) {
    case "waiting":
      if (isStopped(schedule, task)) return { kind: "stopped" };
      return {
        kind: "inputs",
        tasks: task.needs.filter(({ phase }) => phase !== "done").map((need) => need.id),
      };
    case "resting":
      return { kind: "backing-off", untilMs: task.restUntilMs, loss: [...task.losses.values()].at(-1)! };
    case "ready":
      return isStopped(schedule, task) ? { kind: "stopped" } : reasonOfReady(schedule, task);
    case "stopped":
      return { kind: "stopped" };
    case "running":
      return task.run?.cancelled && task.requests.length > 0 ? { kind: "stopping" } : undefined;
    default:
      return undefined;
  }
}

function reasonOfReady(schedule: ScoringSchedule, task: Task): WaitReason {
  const verdicts = verdictsOf(schedule, task, { max: Number.POSITIVE_INFINITY });
  const builders = [...schedule.builders.values()];
  if (!builders.some((builder) => mayEverTake(schedule, task, builder))) return { kind: "nobody", verdicts };
  if (verdicts.every(({ obstacle }) => obstacle)) return { kind: "builders", verdicts };
  const { hold } = task;
  if (hold && hold.untilMs > schedule.nowMs)
    return { kind: "better-builder", builder: hold.builder, untilMs: hold.untilMs };
  const ahead = servedBefore(schedule, task);
  if (ahead !== undefined) return { kind: "fairness", principal: ahead };
  return { kind: "behind", tasks: tasksBefore(task) };
}

/** Somebody else who waits for builders of the same class and has had less of them. */
function servedBefore({ principals }: ScoringSchedule, task: Task): string | undefined {
  const own = principalsOf(task);
  const leastMs = Math.min(...own.map(({ servedMs }) => servedMs));
  for (const principal of principals.values()) {
    if (own.includes(principal) || principal.servedMs >= leastMs) continue;
    if (task.kind.queues.get(principal)?.first) return principal.name;
  }
  return undefined;
}

function tasksBefore(task: Task): number {
  return Math.min(...principalsOf(task).map((one) => task.kind.queues.get(one)?.rankOf(task) ?? 0));
}

function isStopped({ stopped }: ScoringSchedule, { requests }: Task): boolean {
  return stopped || requests.every((request) => request.stopped);
}

function verdictOf(schedule: ScoringSchedule, task: Task, builder: Builder): BuilderVerdict {
  const obstacle = obstacleOf(schedule, task, builder);
  const canEver = !refusalOf(builder.traits, task.requirement);
  return {
    builder: builder.name,
    ...(obstacle && { obstacle }),
    ...(canEver && { score: scoreOf(schedule, task, builder) }),
  };
}
