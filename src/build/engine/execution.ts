import { Deferred } from "#base/deferred.ts";
import { unreachable } from "#base/errors.ts";
import type { BuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Loss } from "#schedule/loss.ts";
import type { Decision } from "#schedule/schedule.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { BuildOutcome, Origin } from "../events.ts";
import { type ActiveSite, attempt, outputsOfResult, refusedResult } from "./attempt.ts";
import { buildTasksOf } from "./build-tasks.ts";
import { builderFacts } from "./builder-facts.ts";
import { explainGivingUp } from "./give-up.ts";
import { isSilent } from "./graph-request.ts";
import { OwnSlots } from "./own-slots.ts";
import type { PlannedBuild } from "./plan.ts";
import { Prefetch } from "./prefetch.ts";
import type { Run } from "./run.ts";
import { type Happening, ScheduleDriver } from "./schedule-driver.ts";
import { type BuildSite, type ConnectedSite, keyOf } from "./site.ts";
import { unsharedSlots } from "./slot-share.ts";
import { explainFailure, isForWantOfInputs } from "./trust-hint.ts";
import { usageOf } from "./usage-of.ts";
import { judgeError, judgeResult, statusOf } from "./verdict.ts";
import { WaitWatch } from "./wait-watch.ts";

/** Drives one schedule to its end: carries out its decisions and tells it what happened. */
export class Execution {
  readonly #run: Run;
  readonly #builds: ReadonlyMap<StorePath, PlannedBuild>;
  readonly #done = new Deferred<void>();
  readonly #attempts = new Map<StorePath, number>();
  readonly #driver: ScheduleDriver;
  readonly #waits: WaitWatch;
  readonly #stops = new Map<StorePath, Stop>();
  readonly #slots: OwnSlots;
  readonly #prefetch: Prefetch;
  readonly #lostBefore: number;
  #running = 0;

  constructor(run: Run, builds: readonly PlannedBuild[]) {
    this.#run = run;
    this.#lostBefore = run.setbacks;
    this.#builds = new Map(builds.map((build) => [build.drvPath, build]));
    const { sites, policy, scheduler, clock, slots: share = unsharedSlots } = run.request;
    const onOthers = (builder: string, slotsOfOthers: number) =>
      this.#tell({ kind: "builder-found", builder, facts: { slotsOfOthers } });
    this.#slots = new OwnSlots({ share, sites, onOthers });
    this.#driver = new ScheduleDriver({
      scheduler,
      builders: sites.map(({ traits }) => traits),
      policy,
      clock,
      carryOut: (decision) => this.#carryOut(decision),
    });
    this.#prefetch = new Prefetch({
      run,
      builds: this.#builds,
      upcoming: (builder, max) => this.#driver.upcoming(builder, max),
      onSent: (builder, paths) => this.#tell({ kind: "paths-found", builder, paths }),
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
      this.#tellOfBuilders();
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

  /** What is down is said first, so that no builder seems to be the only one by being named early. */
  #tellOfBuilders(): void {
    const { request, sites } = this.#run;
    for (const wanted of ["down", "drained", "connecting", "up"] as const)
      for (const { traits } of request.sites)
        if (sites.state(traits.name) === wanted)
          this.#tell({ kind: "builder-changed", builder: traits.name, state: wanted });
    for (const site of request.sites) this.#tellFacts(site);
  }

  /** What the book knows of a builder. */
  #tellFacts(site: BuildSite): void {
    const { request, context } = this.#run;
    const facts = builderFacts(request.health.pageOf(keyOf(site)), context.clock.now());
    if (facts) this.#tell({ kind: "builder-found", builder: site.traits.name, facts });
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
        this.#running++;
        void this.#attempt(decision)
          .catch((error) => this.#done.reject(error))
          .finally(() => {
            this.#running--;
            this.#checkEnd();
          });
        return;
      case "cancel":
        this.#stops.get(decision.task as StorePath)?.(decision.task as StorePath);
        return;
      case "probe":
        void this.#probe(decision.builder);
        return;
      case "skip":
        this.#end(decision.task as StorePath, {
          kind: "dependency-failed",
          because: decision.because as StorePath,
        });
        return;
      case "give-up": {
        const { derivation, drvPath } = this.#builds.get(decision.task as StorePath)!;
        const losses = this.#run.outcomes.lossesOf(drvPath);
        const why = explainGivingUp(derivation, { attempts: decision.attempts, losses }, this.#run);
        this.#end(drvPath, { kind: "given-up", attempts: decision.attempts, ...why });
        return;
      }
      default:
        unreachable(decision);
    }
  }

  #checkEnd(): void {
    if (this.#isIdle()) queueMicrotask(() => this.#isIdle() && this.#done.resolve());
  }

  #isIdle(): boolean {
    return this.#running === 0 && this.#driver.open === 0 && !this.#run.sites.busy;
  }

  /** Looks whether a builder builds again, and what there is to know of it now. */
  async #probe(builder: string): Promise<void> {
    const { request, context, sites } = this.#run;
    const { probe = answers } = request;
    const active = sites.active(builder);
    const passed =
      active !== undefined && (await probe(active.site, active.connected, context.signal).catch(() => false));
    if (active) this.#tellFacts(active.site);
    this.#tell({ kind: "probed", builder, passed });
  }

  async #attempt(placement: Placement): Promise<void> {
    const { builder } = placement;
    const tasks = placement.tasks as readonly StorePath[];
    const { request, context } = this.#run;
    const active = this.#run.sites.active(builder);
    const open = new Map(tasks.map((id) => [id, this.#builds.get(id)!]));
    for (const task of tasks) this.#prefetch.forget(task);
    if (!this.#slots.begin(builder, tasks.length)) {
      for (const task of tasks) this.#tell({ kind: "returned", task, builder });
      return;
    }
    if (!active) return this.#lostAll(open, builder, { loss: "vanished", message: "it went away" });
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    this.#makeStoppable(tasks, stop);
    const begunMs = context.clock.now();
    for (const drvPath of tasks) this.#announceAttempt(drvPath, placement);
    const homecomings: Promise<void>[] = [];
    try {
      await attempt([...open.values()], active, {
        context: { ...context, signal, settings: this.#settingsFor(placement) },
        onResult: (build, result) => {
          open.delete(build.drvPath);
          homecomings.push(this.#take(build, result, { active, begunMs }));
        },
      });
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      const verdict = stop.signal.aborted ? STOPPED : judgeError(error);
      if (verdict.kind === "lost") {
        if (!verdict.builderIsFine) this.#run.lose(builder, verdict.message);
        this.#lostAll(open, builder, verdict);
      } else
        for (const build of open.values())
          homecomings.push(this.#take(build, refusedResult(error), { active, begunMs }));
    }
    await Promise.all(homecomings);
  }

  /** What the schedule gives a build of cores, one who asked for less gets less; and of slots to many together. */
  #settingsFor({ builder, tasks, cores: given }: Placement): BuildSettings {
    const { settings } = this.#run.context;
    const maxJobs = tasks.length > 1 ? { maxJobs: this.#slots.heldOn(builder) } : {};
    if (given === undefined) return { ...settings, ...maxJobs };
    const asked = settings.cores ?? 0;
    return { ...settings, ...maxJobs, cores: asked > 0 ? Math.min(asked, given) : given };
  }

  /** An attempt is stopped when nobody waits for any of its builds. */
  #makeStoppable(tasks: readonly StorePath[], stop: AbortController): void {
    const wanted = new Set(tasks);
    for (const task of tasks)
      this.#stops.set(task, (unwanted) => {
        wanted.delete(unwanted);
        if (wanted.size === 0) stop.abort();
      });
  }

  #announceAttempt(drvPath: StorePath, { builder, tasks, cores, score, others }: Placement): void {
    const number = (this.#attempts.get(drvPath) ?? 0) + 1;
    this.#attempts.set(drvPath, number);
    this.#run.tails.drop(drvPath);
    this.#run.request.events({
      kind: "attempt-started",
      drvPath,
      builder,
      attempt: number,
      together: tasks.length,
      ...(cores !== undefined && { cores }),
      score,
      others,
      atMs: this.#run.context.clock.now(),
    });
  }

  #lostAll(builds: ReadonlyMap<StorePath, PlannedBuild>, builder: string, why: Setback): void {
    for (const drvPath of builds.keys()) this.#lost(drvPath, builder, why);
  }

  #lost(drvPath: StorePath, builder: string, { loss, message }: Setback): void {
    const atMs = this.#run.context.clock.now();
    this.#slots.end(builder);
    this.#run.outcomes.noteLoss(drvPath, builder, message);
    const { site } = this.#run.sites.active(builder) ?? {};
    if (site && loss !== "cancelled") this.#run.request.health.noteFailure(keyOf(site), { atMs, message });
    this.#run.request.events({ kind: "attempt-lost", drvPath, builder, loss, message, atMs });
    this.#tell({ kind: "lost", task: drvPath, builder, loss });
  }

  async #take(
    build: PlannedBuild,
    result: BuildResult,
    { active, begunMs }: { active: ActiveSite; begunMs: number },
  ): Promise<void> {
    const { drvPath } = build;
    const builder = active.site.traits.name;
    const verdict = judgeResult(result, this.#run.tails.of(drvPath));
    if (verdict.kind === "lost" && !isForWantOfInputs(result, active, drvPath))
      return this.#lost(drvPath, builder, verdict);
    if (verdict.kind !== "success") {
      this.#slots.end(builder);
      this.#end(drvPath, this.#failureOf(build, result, active));
      return this.#tell({ kind: "failed", task: drvPath, builder });
    }
    const outputs = outputsOfResult(result, this.#run.outputsOf(drvPath));
    const unknown = build.outputs.find((name) => !outputs.has(name));
    if (unknown !== undefined)
      return this.#lost(drvPath, builder, {
        loss: "wrong-machine",
        message: `its protocol does not say where output '${unknown}' is: reach it by ssh-ng://`,
      });
    this.#slots.end(builder);
    const how = howOf(result);
    const refusal = await this.#run.gatekeeper.passBuilt(build, outputs, active);
    if (refusal !== undefined) {
      this.#end(drvPath, { kind: "failed", builder, status: "OutputRejected", message: refusal });
      return this.#tell({ kind: "failed", task: drvPath, builder });
    }
    const durationS = result.stopTime - result.startTime;
    const durationMs = durationS > 0 ? durationS * 1000 : this.#run.context.clock.now() - begunMs;
    this.#end(drvPath, { kind: "realised", builder, how, outputs, durationMs, ...usageOf(result) });
    const home = this.#run.succeeded(build, outputs, originOf(how, builder, drvPath), active);
    this.#tell({ kind: "succeeded", task: drvPath, builder, ...(how === "built" && { durationMs }) });
    await home;
  }

  #failureOf(build: PlannedBuild, result: BuildResult, active: ActiveSite): BuildOutcome {
    if (result.status === "DependencyFailed" || isSilent(result)) {
      const because = build.needs.find((need) => this.#run.outcomes.hasFinalFailure(need));
      if (because) return { kind: "dependency-failed", because };
      // A builder that stops at the first failure says nothing of what it had not begun.
      if (isSilent(result)) return { kind: "cancelled" };
    }
    const message = explainFailure(result, active, build.drvPath);
    const builder = active.site.traits.name;
    return { kind: "failed", builder, status: statusOf(result), message, ...usageOf(result) };
  }

  /** While something went away in this schedule, what could not be done in it may be done in the next. */
  #end(drvPath: StorePath, outcome: BuildOutcome): void {
    this.#prefetch.forget(drvPath);
    const mayStillBe = this.#run.setbacks > this.#lostBefore && this.#isSetback(outcome);
    if (mayStillBe) this.#run.outcomes.postpone(drvPath, outcome);
    else this.#run.outcomes.end(drvPath, outcome);
  }

  #isSetback(outcome: BuildOutcome): boolean {
    if (outcome.kind === "dependency-failed") return !this.#run.outcomes.hasFinalFailure(outcome.because);
    return outcome.kind === "given-up";
  }
}

type Placement = Extract<Decision, { kind: "assign" }>;

/** Told which build of an attempt nobody waits for. */
type Stop = (unwanted: StorePath) => void;

interface Setback {
  readonly loss: Loss;
  readonly message: string;
}

const STOPPED = {
  kind: "lost",
  loss: "cancelled",
  message: "nobody waits for it any longer",
  builderIsFine: true,
} as const;

/** A run has one request: all that is planned. */
const OWN_REQUEST = { request: "run", principal: "self", priority: 0 };

/** The least that a builder can be asked. */
async function answers(_: BuildSite, { store }: ConnectedSite): Promise<boolean> {
  await store.queryValidPaths([]);
  return true;
}

function howOf({ status }: BuildResult): "built" | "substituted" | "already-there" {
  if (status === "Substituted") return "substituted";
  return status === "Built" ? "built" : "already-there";
}

function originOf(
  how: "built" | "substituted" | "already-there",
  builder: string,
  drvPath: StorePath,
): Origin {
  if (how === "built") return { kind: "built", builder, drvPath };
  return how === "substituted"
    ? { kind: "substituted", builder, drvPath }
    : { kind: "copied", from: builder };
}
