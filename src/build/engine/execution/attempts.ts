import type { StorePath } from "#nix/store-path.ts";
import type { Decision } from "#schedule/schedule.ts";
import type { BuildSettings } from "#store/realiser.ts";
import { refusedResult } from "../attempt/asking.ts";
import { attempt } from "../attempt/attempt.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { Run } from "../run.ts";
import type { Setback } from "../verdict/answer.ts";
import { judgeError } from "../verdict/verdict.ts";
import type { Endings } from "./endings.ts";
import type { OwnSlots } from "./own-slots.ts";

/** What a schedule wants run on a builder. */
export type Placement = Extract<Decision, { kind: "assign" }>;

export interface AttemptsOptions {
  readonly run: Run;
  readonly builds: ReadonlyMap<StorePath, PlannedBuild>;
  readonly slots: OwnSlots;
  readonly endings: Endings;
  /** Told of a build that was not begun: others hold the builder's slots. */
  readonly onReturned: (drvPath: StorePath, builder: string) => void;
}

/** Runs what a schedule places, and stops what nobody waits for. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #numbers = new Map<StorePath, number>();
  readonly #stops = new Map<StorePath, Stop>();

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Resolves when every build of a placement has ended, and what it made and was asked for is at home. */
  async make(placement: Placement): Promise<void> {
    const { run, builds, slots, endings, onReturned } = this.#options;
    const { builder } = placement;
    const tasks = placement.tasks as readonly StorePath[];
    const open = new Map(tasks.map((id) => [id, builds.get(id)!]));
    const active = run.sites.active(builder);
    if (!slots.begin(builder, tasks.length)) for (const task of tasks) onReturned(task, builder);
    else if (!active) endings.loseAll(open, builder, WENT_AWAY);
    else await this.#makeOn(active, placement, open);
  }

  /** Nobody waits for a build any longer. */
  cancel(drvPath: StorePath): void {
    this.#stops.get(drvPath)?.(drvPath);
  }

  /** `open` loses each build whose result is known. */
  async #makeOn(active: ActiveSite, placement: Placement, open: Map<StorePath, PlannedBuild>): Promise<void> {
    const { run, endings } = this.#options;
    const { request, context } = run;
    const { builder } = placement;
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    this.#makeStoppable([...open.keys()], stop);
    const at = { active, begunMs: context.clock.now() };
    for (const drvPath of open.keys()) this.#announce(drvPath, placement);
    const ends: Promise<void>[] = [];
    try {
      await attempt([...open.values()], active, {
        context: { ...context, signal, settings: this.#settingsFor(placement) },
        onResult: (build, result) => {
          open.delete(build.drvPath);
          ends.push(endings.take(build, result, at));
        },
      });
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      const verdict = stop.signal.aborted ? STOPPED : judgeError(error);
      if (verdict.kind === "lost") {
        if (!verdict.builderIsFine) run.lose(builder, verdict.message);
        endings.loseAll(open, builder, verdict);
      } else for (const build of open.values()) ends.push(endings.take(build, refusedResult(error), at));
    }
    await Promise.all(ends);
  }

  /** What the schedule gives a build of cores, one who asked for less gets less; and of slots to many together. */
  #settingsFor({ builder, tasks, cores: given }: Placement): BuildSettings {
    const { run, slots } = this.#options;
    const { settings } = run.context;
    const maxJobs = tasks.length > 1 ? { maxJobs: slots.heldOn(builder) } : {};
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

  #announce(drvPath: StorePath, { builder, tasks, cores, score, others }: Placement): void {
    const { tails, request, context } = this.#options.run;
    const number = (this.#numbers.get(drvPath) ?? 0) + 1;
    this.#numbers.set(drvPath, number);
    tails.drop(drvPath);
    request.events({
      kind: "attempt-started",
      drvPath,
      builder,
      attempt: number,
      together: tasks.length,
      ...(cores !== undefined && { cores }),
      score,
      others,
      atMs: context.clock.now(),
    });
  }
}

/** Told which build of an attempt nobody waits for. */
type Stop = (unwanted: StorePath) => void;

const WENT_AWAY: Setback = { loss: "vanished", message: "it went away" };
const STOPPED = {
  kind: "lost",
  loss: "cancelled",
  message: "nobody waits for it any longer",
  builderIsFine: true,
} as const;
