import type { Clock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";
import { unreachable } from "#base/errors.ts";
import type { Estimate } from "#schedule/estimate.ts";
import type { BuilderTraits, Requirement } from "#schedule/requirement.ts";
import type { Decision, Policy, ScheduleEvent, Scheduler } from "#schedule/schedule.ts";

/** How an attempt ended that a foreman ordered. */
export type AttemptEnd = "succeeded" | "failed" | "lost";

/** One build that somebody wants done. */
export interface Job {
  readonly drvPath: string;
  readonly requirement: Requirement;
  readonly estimate: Estimate;
  /** Who asks: between principals the builders are shared fairly. */
  readonly principal: string;
  /** Does it on that builder. Must not throw. */
  readonly attempt: (builder: string) => Promise<AttemptEnd>;
  /** Aborted when nobody wants it any longer. */
  readonly signal: AbortSignal;
}

export interface ForemanOptions {
  readonly builders: readonly BuilderTraits[];
  readonly scheduler: Scheduler<unknown>;
  readonly policy: Policy;
  readonly clock: Clock;
}

/** Gives builds that come one by one to builders that are shared by all of them: a slot that is freed is filled at once. */
export class Foreman {
  readonly #options: ForemanOptions;
  readonly #jobs = new Map<string, OpenJob>();
  readonly #running = new Map<string, number>();
  #schedule: unknown;
  #numbered = 0;
  #alarm: AbortController | undefined;

  constructor(options: ForemanOptions) {
    this.#options = options;
    this.#schedule = options.scheduler.begin(options.builders, options.policy);
    for (const { name } of options.builders)
      this.#tell({ kind: "builder-changed", builder: name, state: "up" });
  }

  /** Builds that a builder has now. */
  load(builder: string): number {
    return this.#running.get(builder) ?? 0;
  }

  /** Resolves when the job has ended for good: an attempt succeeded or failed, or nobody is left to try. */
  async do(job: Job): Promise<void> {
    const id = `${job.drvPath}#${++this.#numbered}`;
    const open: OpenJob = { job, done: new Deferred<void>() };
    this.#jobs.set(id, open);
    const { requirement, estimate, principal, signal } = job;
    const task = { id, requirement, needs: [], estimate, inputs: [] };
    const stop = () => open.done.resolve();
    signal.addEventListener("abort", stop, { once: true });
    try {
      this.#tell({ kind: "requested", request: id, principal, priority: 0, keepGoing: true, tasks: [task] });
      await open.done.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#jobs.delete(id);
      this.#tell({ kind: "withdrawn", request: id });
    }
  }

  #tell(event: ToldEvent): void {
    const { scheduler, clock } = this.#options;
    const advance = scheduler.advance(this.#schedule, { ...event, atMs: clock.now() });
    this.#schedule = advance.schedule;
    this.#wakeAt(advance.wakeAtMs);
    for (const decision of advance.decisions) this.#carryOut(decision);
  }

  #carryOut(decision: Decision): void {
    switch (decision.kind) {
      case "assign":
        for (const task of decision.tasks) void this.#attempt(task, decision.builder);
        return;
      case "give-up":
        this.#jobs.get(decision.task)?.done.resolve();
        return;
      case "probe":
        // The next build finds out as well.
        queueMicrotask(() => this.#tell({ kind: "probed", builder: decision.builder, passed: true }));
        return;
      case "cancel":
      case "skip":
        // A job has a signal of its own, and needs no other.
        return;
      default:
        unreachable(decision);
    }
  }

  async #attempt(task: string, builder: string): Promise<void> {
    const open = this.#jobs.get(task);
    this.#running.set(builder, this.load(builder) + 1);
    const end = open ? await open.job.attempt(builder) : "lost";
    this.#running.set(builder, this.load(builder) - 1);
    if (end !== "lost") open?.done.resolve();
    this.#tell(
      end === "lost"
        ? { kind: "lost", task, builder, loss: open?.job.signal.aborted ? "cancelled" : "transport" }
        : { kind: end, task, builder },
    );
  }

  #wakeAt(atMs: number | undefined): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    if (atMs === undefined) return;
    const { clock } = this.#options;
    const alarm = new AbortController();
    this.#alarm = alarm;
    void clock.sleep(Math.max(0, atMs - clock.now()), alarm.signal).then(
      () => this.#tell({ kind: "woken" }),
      () => undefined,
    );
  }
}

interface OpenJob {
  readonly job: Job;
  readonly done: Deferred<void>;
}

/** An event without its time. */
type ToldEvent = ScheduleEvent extends infer Event
  ? Event extends ScheduleEvent
    ? Omit<Event, "atMs">
    : never
  : never;
