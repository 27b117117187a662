import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Decision, Policy, ScheduleEvent, Scheduler } from "#schedule/schedule.ts";
import type { Happening, Timeline } from "./timeline.ts";

/** What happened; when is known. */
export type Told = ScheduleEvent extends infer E ? (E extends unknown ? Omit<E, "atMs"> : never) : never;

export interface DialogueEnds<Schedule> {
  readonly scheduler: Scheduler<Schedule>;
  readonly builders: readonly BuilderTraits[];
  readonly timeline: Timeline;
}

/** Tells a scheduler what happens, at the time when it does, wakes it when it wants to be woken, and passes on what it decides. */
export class Dialogue<Schedule> {
  readonly #scheduler: Scheduler<Schedule>;
  readonly #timeline: Timeline;
  #schedule: Schedule;
  #wake: Happening | undefined;
  /** Carries a decision out. */
  obey: (decision: Decision) => void = () => {};
  /** After each event and what it led to. */
  afterwards: () => void = () => {};

  constructor({ scheduler, builders, timeline }: DialogueEnds<Schedule>) {
    this.#scheduler = scheduler;
    this.#timeline = timeline;
    this.#schedule = scheduler.begin(builders, POLICY);
  }

  tell(event: Told): void {
    const atMs = this.#timeline.nowMs;
    const result = this.#scheduler.advance(this.#schedule, { ...event, atMs } as ScheduleEvent);
    this.#schedule = result.schedule;
    this.#setWake(result.wakeAtMs);
    for (const decision of result.decisions) this.obey(decision);
    this.afterwards();
  }

  reasonOf(task: string) {
    return this.#scheduler.reasonOf(this.#schedule, task);
  }

  #setWake(wakeAtMs: number | undefined): void {
    if (this.#wake) this.#timeline.callOff(this.#wake);
    this.#wake = undefined;
    if (wakeAtMs === undefined) return;
    this.#wake = this.#timeline.at(Math.max(wakeAtMs, this.#timeline.nowMs), () => {
      this.#wake = undefined;
      this.tell({ kind: "woken" });
    });
  }
}

const POLICY: Policy = { attemptsMax: 12, othersMax: 0, waitsForBuilders: true };
