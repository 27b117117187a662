import { unreachable } from "#base/errors.ts";
import type { BuilderTraits } from "../requirement.ts";
import type { Advance, Decision, Policy, ScheduleEvent, Scheduler } from "../schedule.ts";
import { listByTime, nextAlarmMs, takeDue } from "./alarms.ts";
import { hold, storedAt } from "./builder/locality.ts";
import { askForRating, learnSpeed } from "./builder/rating.ts";
import { askForProbe, clearStrikes, strike, takeProbe } from "./builder/suspension.ts";
import { addBuilder, changeBuilder, noteFacts } from "./builders.ts";
import { fail, redo, release, retry, succeed } from "./endings.ts";
import { explain, reasonOf } from "./placing/explain.ts";
import { place } from "./placing/place.ts";
import { upcoming } from "./placing/upcoming.ts";
import { takeRequest, withdraw } from "./requests.ts";
import type { ScoreWeights, ScoringSchedule } from "./state.ts";
import { enqueue } from "./task/ready-queues.ts";
import { touch } from "./touched.ts";

/**
 * Places builds by what they cost on each builder, over all requests and all builders at once. What is longest until the end
 * goes first; what has time goes where its inputs are. See docs/adr/0005-placement-by-cost.md.
 */
export const scoringScheduler: Scheduler<ScoringSchedule> = schedulerWith({ locality: 1 });

/** The same with other weights, to see what they do. */
export function schedulerWith(weights: ScoreWeights): Scheduler<ScoringSchedule> {
  const start = (builders: readonly BuilderTraits[], policy: Policy) => begin(builders, policy, weights);
  return { begin: start, advance, reasonOf, explain, upcoming };
}

function begin(builders: readonly BuilderTraits[], policy: Policy, weights: ScoreWeights): ScoringSchedule {
  const schedule: ScoringSchedule = {
    policy,
    weights,
    tasks: new Map(),
    requests: new Map(),
    principals: new Map(),
    builders: new Map(),
    pools: new Map(),
    classes: new Map(),
    stored: new Map(),
    alarms: listByTime(),
    touched: [],
    open: 0,
    running: 0,
    nowMs: 0,
    alarmsSet: 0,
    freeings: 0,
    stopped: false,
  };
  for (const traits of builders) addBuilder(schedule, traits);
  return schedule;
}

function advance(schedule: ScoringSchedule, event: ScheduleEvent): Advance<ScoringSchedule> {
  const decisions: Decision[] = [];
  schedule.nowMs = Math.max(schedule.nowMs, event.atMs);
  take(schedule, event, decisions);
  ring(schedule, decisions);
  place(schedule, decisions);
  const { open, running, stopped } = schedule;
  return { schedule, decisions, wakeAtMs: nextAlarmMs(schedule), open: stopped ? running : open };
}

function take(schedule: ScoringSchedule, event: ScheduleEvent, decisions: Decision[]): void {
  switch (event.kind) {
    case "requested":
      takeRequest(schedule, event);
      return;
    case "withdrawn":
      withdraw(schedule, event.request, decisions);
      return;
    case "builder-joined":
      addBuilder(schedule, event.traits);
      return;
    case "builder-changed":
      changeBuilder(schedule, builderNamed(schedule, event.builder), event.state);
      return;
    case "builder-found":
      noteFacts(schedule, builderNamed(schedule, event.builder), event.facts);
      return;
    case "paths-found": {
      const builder = builderNamed(schedule, event.builder);
      for (const path of event.paths) hold(schedule, builder, storedAt(schedule, path));
      return;
    }
    case "succeeded":
    case "failed":
    case "lost":
    case "returned":
      takeEnd(schedule, event, decisions);
      return;
    case "outputs-lost":
      redo(schedule, event.tasks);
      return;
    case "probed":
      takeProbe(schedule, builderNamed(schedule, event.builder), event);
      return;
    case "woken":
      return;
    case "stopped":
      schedule.stopped = true;
      return;
    default:
      unreachable(event);
  }
}

type End = Extract<ScheduleEvent, { kind: "succeeded" | "failed" | "lost" | "returned" }>;

function takeEnd(schedule: ScoringSchedule, event: End, decisions: Decision[]): void {
  const run = release(schedule, event.task, event.builder);
  if (!run) return;
  switch (event.kind) {
    case "succeeded":
      clearStrikes(run.builder);
      learnSpeed(schedule, run, event.durationMs);
      succeed(schedule, run, event.outputBytes);
      return;
    case "failed":
      clearStrikes(run.builder);
      fail(schedule, run.task, decisions);
      return;
    case "lost":
      strike(schedule, run, event.loss);
      retry(schedule, run, event.loss, decisions);
      return;
    case "returned":
      run.cancelled = true;
      retry(schedule, run, "cancelled", decisions);
      return;
    default:
      unreachable(event);
  }
}

function ring(schedule: ScoringSchedule, decisions: Decision[]): void {
  for (let about = takeDue(schedule); about; about = takeDue(schedule))
    switch (about.kind) {
      case "rest":
        if (about.task.phase === "resting" && about.task.restUntilMs <= schedule.nowMs)
          enqueue(schedule, about.task);
        break;
      case "hold":
        // One that was set before an earlier one says nothing new.
        if ((about.of.holdAlarmMs ?? schedule.nowMs + 1) > schedule.nowMs) break;
        about.of.holdAlarmMs = undefined;
        touch(schedule, about.of);
        break;
      case "suspension":
        askForProbe(schedule, about.builder, decisions);
        break;
      case "rating":
        askForRating(schedule, about.builder, decisions);
        break;
      default:
        unreachable(about);
    }
}

function builderNamed(schedule: ScoringSchedule, name: string) {
  const builder = schedule.builders.get(name);
  if (!builder) throw new Error(`No builder is named '${name}'`);
  return builder;
}
