import type { Clock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";
import { unreachable } from "#base/errors.ts";
import { ScheduleDriver } from "#build/engine/execution/schedule-driver.ts";
import type { Estimate } from "#schedule/estimate.ts";
import type { Loss } from "#schedule/loss.ts";
import type { BuilderTraits, Requirement } from "#schedule/requirement.ts";
import type { BuilderFacts, Decision, Policy, Scheduler } from "#schedule/schedule.ts";

/** How an attempt ended that a foreman ordered; a loss: it came to nothing, for that reason. */
export type AttemptEnd = "succeeded" | "failed" | Loss;

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
  /** Finds out whether a builder builds that lost too many builds. Rejects where it does not answer. */
  readonly probe: (builder: string) => Promise<boolean>;
  /** What is known of a builder now. */
  readonly factsOf: (builder: string) => BuilderFacts | undefined;
}

/** Gives builds that come one by one to builders that are shared by all of them: a slot that is freed is filled at once. */
export class Foreman {
  readonly #driver: ScheduleDriver;
  readonly #jobs = new Map<string, OpenJob>();
  readonly #running = new Map<string, number>();
  readonly #options: ForemanOptions;
  #numbered = 0;

  constructor(options: ForemanOptions) {
    this.#options = options;
    this.#driver = new ScheduleDriver({ ...options, carryOut: (decision) => this.#carryOut(decision) });
    for (const { name } of options.builders) {
      this.#tellFacts(name);
      this.#driver.tell({ kind: "builder-changed", builder: name, state: "up" });
    }
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
      this.#driver.tell({
        kind: "requested",
        request: id,
        principal,
        priority: 0,
        keepGoing: true,
        tasks: [task],
      });
      await open.done.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#jobs.delete(id);
      this.#driver.tell({ kind: "withdrawn", request: id });
    }
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
        void this.#probe(decision.builder);
        return;
      case "cancel":
      case "skip":
        // A job has a signal of its own, and needs no other.
        return;
      default:
        unreachable(decision);
    }
  }

  async #probe(builder: string): Promise<void> {
    const passed = await this.#options.probe(builder).catch(() => false);
    this.#tellFacts(builder);
    this.#driver.tell({ kind: "probed", builder, passed });
  }

  #tellFacts(builder: string): void {
    const facts = this.#options.factsOf(builder);
    if (facts) this.#driver.tell({ kind: "builder-found", builder, facts });
  }

  async #attempt(task: string, builder: string): Promise<void> {
    const open = this.#jobs.get(task);
    this.#running.set(builder, this.load(builder) + 1);
    const end = open ? await open.job.attempt(builder) : "cancelled";
    this.#running.set(builder, this.load(builder) - 1);
    if (end === "succeeded" || end === "failed") {
      open?.done.resolve();
      this.#driver.tell({ kind: end, task, builder });
    } else {
      const loss = open?.job.signal.aborted ? "cancelled" : end;
      this.#driver.tell({ kind: "lost", task, builder, loss });
    }
  }
}

interface OpenJob {
  readonly job: Job;
  readonly done: Deferred<void>;
}
