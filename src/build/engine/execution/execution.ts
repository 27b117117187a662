import { Deferred } from "#base/deferred.ts";
import { unreachable } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Decision } from "#schedule/schedule.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { explainGivingUp } from "../reason/give-up.ts";
import type { Run } from "../run.ts";
import type { BuildSite, ConnectedSite } from "../site/site.ts";
import { unsharedSlots } from "../site/slot-share.ts";
import { Attempts, type Placement } from "./attempts.ts";
import { buildTasksOf } from "./build-tasks.ts";
import { factsOfBuilder, newsOfBuilders } from "./builder-news.ts";
import { Endings } from "./endings.ts";
import { OwnSlots } from "./own-slots.ts";
import { Prefetch } from "./prefetch.ts";
import { type Happening, ScheduleDriver } from "./schedule-driver.ts";
import { WaitWatch } from "./wait-watch.ts";

/** Drives one schedule to its end: carries out its decisions and tells it what happened. */
export class Execution {
  readonly #run: Run;
  readonly #builds: ReadonlyMap<StorePath, PlannedBuild>;
  readonly #done = new Deferred<void>();
  readonly #driver: ScheduleDriver;
  readonly #waits: WaitWatch;
  readonly #slots: OwnSlots;
  readonly #prefetch: Prefetch;
  readonly #endings: Endings;
  readonly #attempts: Attempts;
  #running = 0;

  constructor(run: Run, builds: readonly PlannedBuild[]) {
    this.#run = run;
    this.#builds = new Map(builds.map((build) => [build.drvPath, build]));
    const { sites, policy, scheduler, clock, slots: share = unsharedSlots } = run.request;
    const tell = (happening: Happening) => this.#tell(happening);
    this.#driver = new ScheduleDriver({
      scheduler,
      builders: sites.map(({ traits }) => traits),
      policy,
      clock,
      carryOut: (decision) => this.#carryOut(decision),
    });
    const slots = new OwnSlots({
      share,
      sites,
      onOthers: (builder, slotsOfOthers) =>
        tell({ kind: "builder-found", builder, facts: { slotsOfOthers } }),
    });
    this.#slots = slots;
    this.#prefetch = new Prefetch({
      run,
      builds: this.#builds,
      upcoming: (builder, max) => this.#driver.upcoming(builder, max),
      onSent: (builder, paths) => tell({ kind: "paths-found", builder, paths }),
    });
    this.#endings = new Endings({ run, slots, tell, onEnd: (drvPath) => this.#prefetch.forget(drvPath) });
    this.#attempts = new Attempts({
      run,
      builds: this.#builds,
      slots,
      endings: this.#endings,
      onReturned: (task, builder) => tell({ kind: "returned", task, builder }),
    });
    this.#waits = new WaitWatch({
      builds,
      reasonOf: (drvPath) => this.#driver.reasonOf(drvPath),
      events: (event) => run.request.events(event),
      clock,
    });
  }

  /** Resolves when every build has ended, well or badly. Rejects when the run is interrupted. */
  async finish(): Promise<void> {
    const { request, sites } = this.#run;
    const { tasks, held } = await buildTasksOf([...this.#builds.values()], this.#run);
    const stop = () => {
      this.#tell({ kind: "stopped" });
      this.#done.reject(request.signal.reason);
    };
    request.signal.addEventListener("abort", stop, { once: true });
    this.#run.onLoss = () => this.#redoLost();
    sites.onChange = (builder, state) => this.#tell({ kind: "builder-changed", builder, state });
    try {
      request.signal.throwIfAborted();
      for (const news of newsOfBuilders(this.#run)) this.#tell(news);
      this.#slots.look();
      for (const [builder, paths] of held) this.#tell({ kind: "paths-found", builder, paths });
      const keepGoing = request.settings.keepGoing ?? false;
      this.#tell({ kind: "requested", ...OWN_REQUEST, keepGoing, tasks });
      await this.#done.promise;
    } finally {
      this.#prefetch[Symbol.dispose]();
      this.#driver[Symbol.dispose]();
      this.#slots[Symbol.dispose]();
      sites.onChange = () => undefined;
      this.#run.onLoss = () => undefined;
      request.signal.removeEventListener("abort", stop);
    }
  }

  /** What only a lost builder had is made again where something needs it. */
  #redoLost(): void {
    const tasks = this.#run.lostOf([...this.#builds.values()]);
    if (tasks.length > 0) this.#tell({ kind: "outputs-lost", tasks });
  }

  #tell(happening: Happening): void {
    this.#driver.tell(happening);
    this.#waits.look(this.#running === 0);
    this.#prefetch.look();
    this.#checkEnd();
  }

  #carryOut(decision: Decision): void {
    switch (decision.kind) {
      case "assign":
        this.#begin(decision);
        return;
      case "cancel":
        this.#attempts.cancel(decision.task as StorePath);
        return;
      case "probe":
        void this.#probe(decision.builder);
        return;
      case "skip": {
        const because = decision.because as StorePath;
        this.#endings.end(decision.task as StorePath, { kind: "dependency-failed", because });
        return;
      }
      case "give-up":
        this.#giveUp(decision.task as StorePath, decision.attempts);
        return;
      default:
        unreachable(decision);
    }
  }

  #begin(placement: Placement): void {
    this.#running++;
    for (const task of placement.tasks) this.#prefetch.forget(task as StorePath);
    void this.#attempts
      .make(placement)
      .catch((error) => this.#done.reject(error))
      .finally(() => {
        this.#running--;
        this.#checkEnd();
      });
  }

  #giveUp(drvPath: StorePath, attempts: number): void {
    const { derivation } = this.#builds.get(drvPath)!;
    const { request, sites, outcomes } = this.#run;
    const tried = { attempts, losses: outcomes.lossesOf(drvPath), verdicts: this.#driver.explain(drvPath) };
    const asked = { builders: request.sites.map(({ traits }) => traits), faults: sites.faults };
    const why = explainGivingUp(derivation, tried, asked);
    this.#endings.end(drvPath, { kind: "given-up", attempts, ...why });
  }

  #checkEnd(): void {
    if (this.#isIdle()) queueMicrotask(() => this.#isIdle() && this.#done.resolve());
  }

  #isIdle(): boolean {
    return this.#running === 0 && this.#driver.open === 0;
  }

  /** Looks whether a builder builds again, and what there is to know of it now. */
  async #probe(builder: string): Promise<void> {
    const { request, context, sites } = this.#run;
    const { probe = answers } = request;
    const active = sites.active(builder);
    const passed =
      active !== undefined && (await probe(active.site, active.connected, context.signal).catch(() => false));
    if (active) for (const news of factsOfBuilder(this.#run, active.site)) this.#tell(news);
    this.#tell({ kind: "probed", builder, passed });
  }
}

/** A run has one request: all that is planned. */
const OWN_REQUEST = { request: "run", principal: "self", priority: 0 };

/** The least that a builder can be asked. */
async function answers(_: BuildSite, { store }: ConnectedSite): Promise<boolean> {
  await store.queryValidPaths([]);
  return true;
}
