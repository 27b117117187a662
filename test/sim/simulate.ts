import assert from "node:assert/strict";
import type { Loss } from "#schedule/loss.ts";
import type { Decision, Policy, ScheduleEvent, Scheduler } from "#schedule/schedule.ts";
import { tell, truthOf } from "./model.ts";
import type { Arrival, Incident, Scenario } from "./scenario.ts";
import { type SimEnd, type SimTask, SimTasks } from "./sim-task.ts";
import { beginRun, endRun, type Fate, fateOf, newSite, type SimRun, type Site } from "./site.ts";
import { type Happening, Timeline } from "./timeline.ts";

export interface SimReport {
  readonly makespanMs: number;
  /** Of inputs that were not where they were needed. */
  readonly movedBytes: number;
  readonly attempts: number;
  readonly losses: number;
  /** How each task ended. */
  readonly ended: ReadonlyMap<string, SimEnd>;
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

class World<Schedule> {
  readonly #scheduler: Scheduler<Schedule>;
  readonly #scenario: Scenario;
  readonly #options: SimOptions;
  readonly #sites: ReadonlyMap<string, Site>;
  readonly #tasks = new SimTasks();
  readonly #timeline = new Timeline();
  readonly #placements: string[] = [];
  /** Lost with their builder, of which the schedule has not heard yet. */
  readonly #untold = new Set<SimTask>();
  #schedule: Schedule;
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
      this.#timeline.at(arrival.atMs, () => this.#arrive(arrival));
      const { withdrawnAtMs } = arrival;
      if (withdrawnAtMs !== undefined)
        this.#timeline.at(withdrawnAtMs, () => this.#withdraw(arrival.request));
    }
    for (const site of this.#sites.values())
      for (const incident of site.builder.incidents)
        this.#timeline.at(incident.atMs, () => this.#befall(site, incident));
    this.#timeline.pass();
    this.#checkEnd();
    return this.#report();
  }

  #report(): SimReport {
    return {
      makespanMs: this.#lastEndMs,
      movedBytes: this.#movedBytes,
      attempts: this.#placements.length,
      losses: this.#losses,
      ended: new Map(Array.from(this.#tasks.all, ({ sketch, end }) => [sketch.id, end!])),
      placements: this.#placements,
      longestWaitMs: this.#longestWaitMs,
    };
  }

  #tell(event: ScheduleEvent extends infer E ? (E extends unknown ? Omit<E, "atMs"> : never) : never): void {
    const atMs = this.#timeline.nowMs;
    const result = this.#scheduler.advance(this.#schedule, { ...event, atMs } as ScheduleEvent);
    this.#schedule = result.schedule;
    this.#setWake(result.wakeAtMs);
    for (const decision of result.decisions) this.#obey(decision);
    this.#events++;
    const { reasonsEvery } = this.#options;
    if (reasonsEvery > 0 && this.#events % reasonsEvery === 0) this.#checkReasons();
  }

  #setWake(wakeAtMs: number | undefined): void {
    if (this.#wake) this.#timeline.callOff(this.#wake);
    this.#wake = undefined;
    if (wakeAtMs === undefined) return;
    this.#wake = this.#timeline.at(Math.max(wakeAtMs, this.#timeline.nowMs), () => {
      this.#wake = undefined;
      this.#tell({ kind: "woken" });
    });
  }

  #arrive({ request, principal, priority, tasks }: Arrival): void {
    const { seed, foresight } = this.#scenario;
    const told = tasks.map((sketch) => {
      const truth = truthOf(sketch, seed);
      const task = tell(sketch, truth, { seed, foresight });
      const toldMemoryBytes = task.estimate.memoryBytes;
      const known = this.#tasks.take(sketch, { truth, toldMemoryBytes, readyMs: this.#timeline.nowMs });
      known.requests.add(request);
      if (known.end !== "done") known.end = undefined;
      return task;
    });
    this.#tell({ kind: "requested", request, principal, priority, keepGoing: true, tasks: told });
  }

  #withdraw(request: string): void {
    for (const task of this.#tasks.all) task.requests.delete(request);
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
    for (const run of site.runs) endRun(run);
    site.waiting.length = 0;
    for (const task of this.#tasks.all) task.holders.delete(site);
    site.sources.clear();
    for (const task of lost) this.#untold.add(task);
    this.#tell({ kind: "builder-changed", builder: name, state: "down" });
    for (const task of lost) {
      this.#untold.delete(task);
      this.#lose(task.sketch.id, name, "vanished");
    }
    const gone = this.#tasks.neededAgain();
    for (const task of gone) task.end = undefined;
    if (gone.length > 0) this.#tell({ kind: "outputs-lost", tasks: gone.map(({ sketch }) => sketch.id) });
  }

  #obey(decision: Decision): void {
    switch (decision.kind) {
      case "assign":
        this.#assign(decision);
        return;
      case "cancel": {
        const task = this.#tasks.of(decision.task);
        assert.equal(task.requests.size, 0, `${decision.task} is cancelled and wanted`);
        const run = task.run;
        if (run) endRun(run);
        this.#timeline.at(this.#timeline.nowMs, () =>
          this.#lose(decision.task, decision.builder, "cancelled"),
        );
        return;
      }
      case "skip":
      case "give-up": {
        const task = this.#tasks.of(decision.task);
        assert.equal(task.end, undefined, `${decision.task} ended twice`);
        task.end = decision.kind === "skip" ? "skipped" : "given-up";
        return;
      }
      case "probe": {
        const site = this.#sites.get(decision.builder)!;
        this.#timeline.at(this.#timeline.nowMs + PROBE_MS, () =>
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
      this.#begin(this.#tasks.of(tasks[0]!), site);
      return;
    }
    assert.equal(site.runs.size + site.waiting.length, 0, `${builder} is busy and is handed a graph`);
    for (const id of tasks) {
      const task = this.#tasks.of(id);
      this.#tasks.checkFree(task, new Set(tasks));
      site.waiting.push(task);
    }
    this.#beginHandedOver(site);
  }

  #beginHandedOver(site: Site): void {
    for (const task of [...site.waiting]) {
      if (site.runs.size >= site.builder.traits.maxJobs) return;
      if (!this.#tasks.canFollow(task)) continue;
      site.waiting.splice(site.waiting.indexOf(task), 1);
      this.#begin(task, site);
    }
  }

  #begin(task: SimTask, site: Site): void {
    this.#tasks.checkFree(task);
    const { nowMs } = this.#timeline;
    const run = beginRun(site, task, this.#options);
    this.#longestWaitMs = Math.max(this.#longestWaitMs, nowMs - task.readyMs);
    this.#placements.push(`${task.sketch.id}@${site.builder.traits.name}`);
    const bytes = this.#tasks.bring(task, site);
    this.#movedBytes += bytes;
    const fate = fateOf(run, this.#scenario);
    const endMs = nowMs + bytes / BYTES_A_MS + run.durationMs * fate.share;
    this.#timeline.at(endMs, () => this.#finish(run, fate));
  }

  #finish(run: SimRun, { end }: Fate): void {
    if (run.over) return;
    const { task, site } = run;
    const { id } = task.sketch;
    const builder = site.builder.traits.name;
    endRun(run);
    if (end === "succeeded") {
      task.end = "done";
      task.holders.add(site);
      this.#lastEndMs = Math.max(this.#lastEndMs, this.#timeline.nowMs);
      for (const dependant of task.dependants) dependant.readyMs = this.#timeline.nowMs;
      const { outputBytes } = task.truth;
      this.#tell({
        kind: "succeeded",
        task: id,
        builder,
        durationMs: run.durationMs,
        outputBytes,
      });
    } else if (end === "failed") {
      task.end = "failed";
      this.#lastEndMs = Math.max(this.#lastEndMs, this.#timeline.nowMs);
      this.#tell({ kind: "failed", task: id, builder });
    } else this.#lose(id, builder, end);
    this.#beginHandedOver(site);
  }

  #lose(task: string, builder: string, loss: Loss): void {
    this.#losses++;
    this.#tell({ kind: "lost", task, builder, loss });
  }

  #checkReasons(): void {
    const handedOver = new Set([...this.#sites.values()].flatMap(({ waiting }) => waiting));
    for (const task of this.#tasks.all) {
      if (task.run || task.end || task.requests.size === 0) continue;
      if (handedOver.has(task) || this.#untold.has(task)) continue;
      const reason = this.#scheduler.reasonOf(this.#schedule, task.sketch.id);
      assert.ok(reason, `${task.sketch.id} waits and nobody knows why`);
    }
  }

  #checkEnd(): void {
    const wanted = [...this.#tasks.all].filter(({ requests }) => requests.size > 0);
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

/** Of the lines between all machines: 50 MB/s. */
const BYTES_A_MS = 50_000;
const PROBE_MS = 2000;
