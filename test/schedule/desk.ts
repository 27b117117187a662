import { DEFAULT_ESTIMATE, type Estimate } from "#schedule/estimate.ts";
import type { Loss } from "#schedule/loss.ts";
import type { BuilderTraits, Requirement } from "#schedule/requirement.ts";
import type { BuildTask, Decision, Policy, ScheduleEvent } from "#schedule/schedule.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import type { ScoringSchedule } from "#schedule/scoring/state.ts";

type Told = ScheduleEvent extends infer E ? (E extends unknown ? Omit<E, "atMs"> : never) : never;
type Asking = Partial<Omit<Extract<ScheduleEvent, { kind: "requested" }>, "kind" | "atMs" | "tasks">>;

/** Drives a schedule by hand, and keeps the time. */
export class Desk {
  schedule: ScoringSchedule;
  nowMs = 1000;
  wakeAtMs: number | undefined;
  open = 0;

  constructor(builders: readonly BuilderTraits[], policy: Partial<Policy> = {}) {
    const whole = { attemptsMax: 3, othersMax: 0, waitsForBuilders: false, ...policy };
    this.schedule = scoringScheduler.begin(builders, whole);
    for (const { name } of builders) this.tell({ kind: "builder-changed", builder: name, state: "up" });
  }

  tell(event: Told): readonly Decision[] {
    const result = scoringScheduler.advance(this.schedule, { ...event, atMs: this.nowMs } as ScheduleEvent);
    this.schedule = result.schedule;
    this.wakeAtMs = result.wakeAtMs;
    this.open = result.open;
    return result.decisions;
  }

  request(tasks: readonly BuildTask[], about: Asking = {}): readonly Decision[] {
    const whole = { request: "r", principal: "me", priority: 0, keepGoing: true, ...about };
    return this.tell({ kind: "requested", ...whole, tasks });
  }

  ask(tasks: readonly BuildTask[], about: Asking = {}): string[] {
    return placed(this.request(tasks, about));
  }

  succeed(task: string, builder: string, more: { durationMs?: number; outputBytes?: number } = {}) {
    return placed(this.tell({ kind: "succeeded", task, builder, ...more }));
  }

  lose(task: string, builder: string, loss: Loss = "transport") {
    return this.tell({ kind: "lost", task, builder, loss });
  }

  /** Lets time pass until the schedule wants to be woken. */
  wake(): readonly Decision[] {
    if (this.wakeAtMs === undefined) throw new Error("The schedule does not want to be woken");
    this.nowMs = this.wakeAtMs;
    return this.tell({ kind: "woken" });
  }

  /** Lets time pass until something is decided. */
  wakeUntilDecided(): readonly Decision[] {
    for (;;) {
      const decisions = this.wake();
      if (decisions.length > 0) return decisions;
    }
  }

  reasonOf(task: string) {
    return scoringScheduler.reasonOf(this.schedule, task);
  }

  upcoming(builder: string, max = 1) {
    return scoringScheduler.upcoming(this.schedule, builder, max);
  }

  /** For each builder what stands against it, or `yes`. */
  verdicts(task: string): Record<string, string> {
    const verdicts = scoringScheduler.explain(this.schedule, task);
    return Object.fromEntries(verdicts.map(({ builder, obstacle }) => [builder, obstacle?.kind ?? "yes"]));
  }
}

/** `task@builder` for each that was assigned. */
export function placed(decisions: readonly Decision[]): string[] {
  return decisions.flatMap((decision) =>
    decision.kind === "assign" ? [`${decision.tasks.join("+")}@${decision.builder}`] : [],
  );
}

export function builder(name: string, more: Partial<BuilderTraits> = {}): BuilderTraits {
  return {
    name,
    systems: ["x86_64-linux"],
    supportedFeatures: [],
    mandatoryFeatures: [],
    maxJobs: 1,
    speedFactor: 1,
    local: false,
    takesGraphs: false,
    ...more,
  };
}

export interface TaskMore extends Partial<Requirement>, Partial<Omit<Estimate, "basis">> {
  readonly inputs?: BuildTask["inputs"];
}

export function task(id: string, needs: readonly string[] = [], more: TaskMore = {}): BuildTask {
  const { system = "x86_64-linux", features = [], preferLocal = false, inputs = [], ...known } = more;
  return {
    id,
    requirement: { system, features, preferLocal },
    needs,
    inputs,
    estimate: { ...DEFAULT_ESTIMATE, basis: "history", ...known },
  };
}
