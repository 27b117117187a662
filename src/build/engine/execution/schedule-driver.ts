import type { Clock } from "#base/clock.ts";
import type { BuilderVerdict, WaitReason } from "#schedule/reason.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Decision, Policy, ScheduleEvent, Scheduler } from "#schedule/schedule.ts";

/** An event without its time. */
export type Happening = ScheduleEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "atMs">
    : never
  : never;

export interface ScheduleDriverOptions {
  readonly scheduler: Scheduler<unknown>;
  readonly builders: readonly BuilderTraits[];
  readonly policy: Policy;
  readonly clock: Clock;
  /** Told of each decision, once. It may tell of something in turn. */
  readonly carryOut: (decision: Decision) => void;
}

/** Holds a schedule: gives events their time, hands out what is decided, and wakes the schedule when it wants to be woken. */
export class ScheduleDriver implements Disposable {
  readonly #options: ScheduleDriverOptions;
  #schedule: unknown;
  #alarm: AbortController | undefined;
  #open = 0;

  constructor(options: ScheduleDriverOptions) {
    this.#options = options;
    this.#schedule = options.scheduler.begin(options.builders, options.policy);
  }

  /** Builds that run or may still run. */
  get open(): number {
    return this.#open;
  }

  tell(happening: Happening): void {
    const { scheduler, clock, carryOut } = this.#options;
    const event = { ...happening, atMs: clock.now() };
    const { schedule, decisions, wakeAtMs, open } = scheduler.advance(this.#schedule, event);
    this.#schedule = schedule;
    this.#open = open;
    this.#setAlarm(wakeAtMs);
    for (const decision of decisions) carryOut(decision);
  }

  /** Why a build waits; undefined for one that does not. */
  reasonOf(task: string): WaitReason | undefined {
    return this.#options.scheduler.reasonOf(this.#schedule, task);
  }

  /** What stands for and against each builder for a build. */
  explain(task: string): readonly BuilderVerdict[] {
    return this.#options.scheduler.explain(this.#schedule, task);
  }

  /** What a builder that is full would be given next. */
  upcoming(builder: string, max: number): readonly string[] {
    return this.#options.scheduler.upcoming(this.#schedule, builder, max);
  }

  [Symbol.dispose](): void {
    this.#alarm?.abort();
  }

  #setAlarm(atMs: number | undefined): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    if (atMs === undefined) return;
    const { clock } = this.#options;
    const alarm = new AbortController();
    this.#alarm = alarm;
    void clock.sleep(Math.max(0, atMs - clock.now()), alarm.signal).then(
      () => this.tell({ kind: "woken" }),
      () => undefined,
    );
  }
}
