import assert from "node:assert/strict";
import type { Loss } from "#schedule/loss.ts";
import { OrderedList } from "#schedule/ordered-list.ts";
import type { Decision, Policy, ScheduleEvent, Scheduler } from "#schedule/schedule.ts";
import { EMULATION_SLOWDOWN } from "#schedule/scoring/classes.ts";
import { MACHINE_GAIN } from "#schedule/scoring/cost.ts";
import { chance } from "./chance.ts";
import { type SketchedTask, type Truth, tell, truthOf } from "./model.ts";
import type { Arrival, Incident, Scenario, SimBuilder } from "./scenario.ts";

export interface SimReport {
  readonly makespanMs: number;
  /** Of inputs that were not where they were needed. */
  readonly movedBytes: number;
  readonly attempts: number;
  readonly losses: number;
  /** How each task ended. */
  readonly ended: ReadonlyMap<string, "done" | "failed" | "skipped" | "given-up">;
  /** `task@builder` in the order of the decisions. */
  readonly placements: readonly string[];
  /** Of all that was placed, the longest time that a task was ready and waited. */
  readonly longestWaitMs: number;
}

export interface SimOptions {
  /** Ask for the reason of all that waits after so many events; 0: never. */
  readonly reasonsEvery: number;
  /** The scheduler gives `big-parallel` all free slots of a builder. */
  readonly givesMachines: boolean;
}

/** Plays a scenario to its end, holds the scheduler to what must always be so, and reports. */
export function simulate<Schedule>(
  scheduler: Scheduler<Schedule>,
  scenario: Scenario,
  options: SimOptions = { reasonsEvery: 1, givesMachines: true },
): SimReport {
  return new World(scheduler, scenario, options).play();
}

const POLICY: Policy = { attemptsMax: 12, othersMax: 0, waitsForBuilders: true };

interface Happening {
  readonly atMs: number;
  readonly number: number;
  readonly happen: () => void;
}

interface SimTask {
  readonly sketch: SketchedTask;
  readonly truth: Truth;
  readonly toldMemoryBytes: number;
  readonly requests: Set<string>;
  readonly dependants: SimTask[];
  readonly holders: Set<Site>;
  run: SimRun | undefined;
  end: "done" | "failed" | "skipped" | "given-up" | undefined;
  attempts: number;
  readyMs: number;
}

interface SimRun {
  readonly task: SimTask;
  readonly site: Site;
  readonly slots: number;
  readonly grantedBytes: number;
  over: boolean;
}

interface Site {
  readonly builder: SimBuilder;
  readonly runs: Set<SimRun>;
  readonly sources: Set<string>;
  /** Handed over and not begun. */
  readonly waiting: SimTask[];
  up: boolean;
  full: boolean;
  pace: number;
  slotsTaken: number;
}

class World<Schedule> {
  readonly #scheduler: Scheduler<Schedule>;
  readonly #scenario: Scenario;
  readonly #options: SimOptions;
  readonly #sites: ReadonlyMap<string, Site>;
  readonly #tasks = new Map<string, SimTask>();
  readonly #happenings = new OrderedList<Happening>((a, b) => a.atMs - b.atMs || a.number - b.number);
  readonly #placements: string[] = [];
  /** Lost with their builder, of which the schedule has not heard yet. */
  readonly #untold = new Set<SimTask>();
  #schedule: Schedule;
  #nowMs = 0;
  #happened = 0;
  #events = 0;
  #wake: Happening | undefined;
  #movedBytes = 0;
  #losses = 0;
  #longestWaitMs = 0;
  #lastEndMs = 0;

  constructor(scheduler: Scheduler<Schedule>, scenario: Scenario, options: SimOptions) {
    this.#scheduler = scheduler;
    this.#scenario = scenario;
    this.#options = options;
    this.#sites = new Map(scenario.builders.map((builder) => [builder.traits.name, newSite(builder)]));
    this.#schedule = scheduler.begin(
      scenario.builders.map(({ traits }) => traits),
      POLICY,
    );
  }

  play(): SimReport {
    for (const name of this.#sites.keys())
      this.#tell({ kind: "builder-changed", builder: name, state: "up" });
    for (const arrival of this.#scenario.arrivals) {
      this.#at(arrival.atMs, () => this.#arrive(arrival));
      const { withdrawnAtMs } = arrival;
      if (withdrawnAtMs !== undefined) this.#at(withdrawnAtMs, () => this.#withdraw(arrival.request));
    }
    for (const site of this.#sites.values())
      for (const incident of site.builder.incidents)
        this.#at(incident.atMs, () => this.#befall(site, incident));
    for (let next = this.#happenings.first; next; next = this.#happenings.first) {
      this.#happenings.delete(next);
      this.#nowMs = next.atMs;
      next.happen();
    }
    this.#checkEnd();
    return this.#report();
  }

  #report(): SimReport {
    return {
      makespanMs: this.#lastEndMs,
      movedBytes: this.#movedBytes,
      attempts: this.#placements.length,
      losses: this.#losses,
      ended: new Map(Array.from(this.#tasks, ([id, { end }]) => [id, end!])),
      placements: this.#placements,
      longestWaitMs: this.#longestWaitMs,
    };
  }

  #at(atMs: number, happen: () => void): Happening {
    const happening = { atMs, number: this.#happened++, happen };
    this.#happenings.add(happening);
    return happening;
  }

  #tell(event: ScheduleEvent extends infer E ? (E extends unknown ? Omit<E, "atMs"> : never) : never): void {
    const atMs = this.#nowMs;
    const result = this.#scheduler.advance(this.#schedule, { ...event, atMs } as ScheduleEvent);
    this.#schedule = result.schedule;
    this.#setWake(result.wakeAtMs);
    for (const decision of result.decisions) this.#obey(decision);
    this.#events++;
    const { reasonsEvery } = this.#options;
    if (reasonsEvery > 0 && this.#events % reasonsEvery === 0) this.#checkReasons();
  }

  #setWake(wakeAtMs: number | undefined): void {
    if (this.#wake) this.#happenings.delete(this.#wake);
    this.#wake = undefined;
    if (wakeAtMs === undefined) return;
    this.#wake = this.#at(Math.max(wakeAtMs, this.#nowMs), () => {
      this.#wake = undefined;
      this.#tell({ kind: "woken" });
    });
  }

  #arrive({ request, principal, priority, tasks }: Arrival): void {
    const { seed, foresight } = this.#scenario;
    const told = tasks.map((sketch) => {
      const truth = truthOf(sketch, seed);
      const task = tell(sketch, truth, { seed, foresight });
      const known = this.#tasks.get(sketch.id) ?? newTask(sketch, truth, task.estimate.memoryBytes);
      if (!this.#tasks.has(sketch.id)) this.#link(known);
      known.requests.add(request);
      if (known.end !== "done") known.end = undefined;
      return task;
    });
    this.#tell({ kind: "requested", request, principal, priority, keepGoing: true, tasks: told });
  }

  #link(task: SimTask): void {
    this.#tasks.set(task.sketch.id, task);
    task.readyMs = this.#nowMs;
    for (const need of task.sketch.needs) this.#tasks.get(need)!.dependants.push(task);
  }

  #withdraw(request: string): void {
    for (const task of this.#tasks.values()) task.requests.delete(request);
    this.#tell({ kind: "withdrawn", request });
  }

  #befall(site: Site, incident: Incident): void {
    const { name } = site.builder.traits;
    switch (incident.kind) {
      case "down":
        this.#goDown(site);
        return;
      case "up":
        site.up = true;
        this.#tell({ kind: "builder-changed", builder: name, state: "up" });
        return;
      case "disk-full":
        site.full = true;
        return;
      case "disk-freed":
        site.full = false;
        return;
      case "pace":
        site.pace = incident.pace;
        return;
    }
  }

  #goDown(site: Site): void {
    const { name } = site.builder.traits;
    site.up = false;
    const lost = [...Array.from(site.runs, ({ task }) => task), ...site.waiting];
    for (const run of site.runs) this.#stop(run);
    site.waiting.length = 0;
    for (const task of this.#tasks.values()) task.holders.delete(site);
    site.sources.clear();
    for (const task of lost) this.#untold.add(task);
    this.#tell({ kind: "builder-changed", builder: name, state: "down" });
    for (const task of lost) {
      this.#untold.delete(task);
      this.#lose(task.sketch.id, name, "vanished");
    }
    const gone = this.#neededAgain();
    for (const task of gone) task.end = undefined;
    if (gone.length > 0) this.#tell({ kind: "outputs-lost", tasks: gone.map(({ sketch }) => sketch.id) });
  }

  /** What was done, is held by nobody, and is needed by what is not done. What nobody needs was asked for and is at home. */
  #neededAgain(): SimTask[] {
    const gone = new Set<SimTask>();
    for (const task of [...this.#tasks.values()].reverse()) {
      if (task.end !== "done" || task.holders.size > 0 || task.requests.size === 0) continue;
      const isNeeded = task.dependants.some((one) => gone.has(one) || (one.end === undefined && !one.run));
      if (isNeeded) gone.add(task);
    }
    return [...gone];
  }

  #obey(decision: Decision): void {
    switch (decision.kind) {
      case "assign":
        this.#assign(decision);
        return;
      case "cancel": {
        const task = this.#tasks.get(decision.task)!;
        assert.equal(task.requests.size, 0, `${decision.task} is cancelled and wanted`);
        const run = task.run;
        if (run) this.#stop(run);
        this.#at(this.#nowMs, () => this.#lose(decision.task, decision.builder, "cancelled"));
        return;
      }
      case "skip":
      case "give-up": {
        const task = this.#tasks.get(decision.task)!;
        assert.equal(task.end, undefined, `${decision.task} ended twice`);
        task.end = decision.kind === "skip" ? "skipped" : "given-up";
        return;
      }
      case "probe": {
        const site = this.#sites.get(decision.builder)!;
        this.#at(this.#nowMs + PROBE_MS, () =>
          this.#tell({
            kind: "probed",
            builder: decision.builder,
            passed: site.up && !site.full,
            speed: site.builder.traits.speedFactor * site.pace,
          }),
        );
        return;
      }
    }
  }

  #assign({ builder, tasks }: Extract<Decision, { kind: "assign" }>): void {
    const site = this.#sites.get(builder)!;
    assert.ok(site.up, `${builder} is down and is given ${tasks}`);
    if (tasks.length === 1) {
      this.#begin(this.#tasks.get(tasks[0]!)!, site);
      return;
    }
    assert.equal(site.runs.size + site.waiting.length, 0, `${builder} is busy and is handed a graph`);
    for (const id of tasks) {
      const task = this.#tasks.get(id)!;
      this.#checkFree(task, new Set(tasks));
      site.waiting.push(task);
    }
    this.#beginHandedOver(site);
  }

  #beginHandedOver(site: Site): void {
    for (const task of [...site.waiting]) {
      if (site.runs.size >= site.builder.traits.maxJobs) return;
      if (!task.sketch.needs.every((need) => this.#isMade(need))) continue;
      site.waiting.splice(site.waiting.indexOf(task), 1);
      this.#begin(task, site);
    }
  }

  #begin(task: SimTask, site: Site): void {
    const { sketch, truth } = task;
    const { traits } = site.builder;
    this.#checkFree(task, new Set());
    const free = traits.maxJobs - site.slotsTaken;
    assert.ok(free > 0, `${traits.name} has no slot for ${sketch.id}`);
    const slots = this.#options.givesMachines && sketch.features.includes("big-parallel") ? free : 1;
    const movedMs = this.#move(task, site);
    const emulated = traits.emulatedSystems?.includes(sketch.system) ? EMULATION_SLOWDOWN : 1;
    const speed = (traits.speedFactor * site.pace * slots ** MACHINE_GAIN) / emulated;
    const taken = [...site.runs].reduce((sum, run) => sum + run.task.toldMemoryBytes, 0);
    const grantedBytes = (traits.memoryBytes ?? Number.POSITIVE_INFINITY) - taken;
    assert.ok(
      task.toldMemoryBytes <= grantedBytes || site.runs.size === 0,
      `${traits.name} has no memory for ${sketch.id}`,
    );
    const run = { task, site, slots, grantedBytes, over: false };
    task.run = run;
    task.attempts++;
    site.runs.add(run);
    site.slotsTaken += slots;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, this.#nowMs - task.readyMs);
    this.#placements.push(`${sketch.id}@${traits.name}`);
    const fate = this.#fateOf(run);
    this.#at(this.#nowMs + movedMs + (truth.durationMs / speed) * fate.share, () => this.#finish(run, fate));
  }

  /** Brings inputs that are missing; how long that takes. */
  #move({ sketch }: SimTask, site: Site): number {
    let bytes = 0;
    for (const need of sketch.needs) {
      const made = this.#tasks.get(need)!;
      if (!made.holders.has(site)) bytes += made.truth.outputBytes;
      made.holders.add(site);
    }
    for (const { path, bytes: size } of sketch.sources) {
      if (!site.sources.has(path)) bytes += size;
      site.sources.add(path);
    }
    this.#movedBytes += bytes;
    return bytes / BYTES_A_MS;
  }

  #fateOf({ task, site, grantedBytes }: SimRun): { end: "succeeded" | "failed" | Loss; share: number } {
    const { seed, lossShare, failureShare } = this.#scenario;
    const { id, name } = task.sketch;
    if (site.full) return { end: "no-space", share: 0.5 };
    if (task.truth.memoryBytes > grantedBytes) return { end: "out-of-memory", share: 0.6 };
    if (chance(seed, "loss", id, task.attempts) < lossShare) return { end: "transport", share: 0.3 };
    if (chance(seed, "failure", name) < failureShare) return { end: "failed", share: 0.8 };
    return { end: "succeeded", share: 1 };
  }

  #finish(run: SimRun, { end }: { end: "succeeded" | "failed" | Loss }): void {
    if (run.over) return;
    const { task, site } = run;
    const { id } = task.sketch;
    const builder = site.builder.traits.name;
    this.#stop(run);
    if (end === "succeeded") {
      task.end = "done";
      task.holders.add(site);
      this.#lastEndMs = Math.max(this.#lastEndMs, this.#nowMs);
      for (const dependant of task.dependants) dependant.readyMs = this.#nowMs;
      const { durationMs, outputBytes } = task.truth;
      this.#tell({
        kind: "succeeded",
        task: id,
        builder,
        durationMs: this.#seenMs(run, durationMs),
        outputBytes,
      });
    } else if (end === "failed") {
      task.end = "failed";
      this.#lastEndMs = Math.max(this.#lastEndMs, this.#nowMs);
      this.#tell({ kind: "failed", task: id, builder });
    } else this.#lose(id, builder, end);
    this.#beginHandedOver(site);
  }

  #seenMs({ site, slots }: SimRun, durationMs: number): number {
    return durationMs / (site.builder.traits.speedFactor * site.pace * slots ** MACHINE_GAIN);
  }

  #stop(run: SimRun): void {
    run.over = true;
    run.task.run = undefined;
    run.site.runs.delete(run);
    run.site.slotsTaken -= run.slots;
  }

  #lose(task: string, builder: string, loss: Loss): void {
    this.#losses++;
    this.#tell({ kind: "lost", task, builder, loss });
  }

  #isMade(id: string): boolean {
    return this.#tasks.get(id)!.end === "done";
  }

  #checkFree(task: SimTask, together: ReadonlySet<string>): void {
    const { id, needs } = task.sketch;
    assert.equal(task.run, undefined, `${id} runs twice at once`);
    assert.equal(task.end, undefined, `${id} runs and has ended as ${task.end}`);
    assert.ok(task.requests.size > 0, `${id} runs and nobody asked for it`);
    for (const need of needs)
      assert.ok(together.has(need) || this.#isMade(need), `${id} runs before what it needs, ${need}`);
  }

  #checkReasons(): void {
    const handedOver = new Set([...this.#sites.values()].flatMap(({ waiting }) => waiting));
    for (const task of this.#tasks.values()) {
      if (task.run || task.end || task.requests.size === 0) continue;
      if (handedOver.has(task) || this.#untold.has(task)) continue;
      const reason = this.#scheduler.reasonOf(this.#schedule, task.sketch.id);
      assert.ok(reason, `${task.sketch.id} waits and nobody knows why`);
    }
  }

  #checkEnd(): void {
    const wanted = [...this.#tasks.values()].filter(({ requests }) => requests.size > 0);
    const lost = wanted.filter(({ end }) => end === undefined);
    const [first] = lost;
    const why = first && JSON.stringify(this.#scheduler.reasonOf(this.#schedule, first.sketch.id));
    assert.equal(
      lost.length,
      0,
      `${lost.length} of ${wanted.length} never ended: ${first?.sketch.id}: ${why}`,
    );
  }
}

function newTask(sketch: SketchedTask, truth: Truth, toldMemoryBytes: number): SimTask {
  return {
    sketch,
    truth,
    toldMemoryBytes,
    requests: new Set(),
    dependants: [],
    holders: new Set(),
    run: undefined,
    end: undefined,
    attempts: 0,
    readyMs: 0,
  };
}

function newSite(builder: SimBuilder): Site {
  return {
    builder,
    runs: new Set(),
    sources: new Set(),
    waiting: [],
    up: true,
    full: false,
    pace: builder.pace,
    slotsTaken: 0,
  };
}

/** Of the lines between all machines: 50 MB/s. */
const BYTES_A_MS = 50_000;
const PROBE_MS = 2000;
