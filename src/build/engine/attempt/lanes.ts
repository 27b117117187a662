import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import { type BuildResult, isSuccess } from "#nix/build-result.ts";
import type { BuildLane } from "#store/build-lane.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { SILENCE } from "../verdict/verdict.ts";
import type { OnResult } from "./asking.ts";
import { type Lane, QUICK_MS } from "./lane.ts";
import { LanePool, type LanePoolOptions } from "./lane-pool.ts";
import { OpenBuilds } from "./open-builds.ts";

export interface LanesOptions extends Omit<LanePoolOptions, "onChange"> {
  /** Resolves when what a build takes, and none of the others makes, is with the builder. */
  readonly feed: (build: PlannedBuild) => Promise<void>;
  readonly ask: (build: PlannedBuild, lane: Lane) => Promise<BuildResult>;
  readonly settle: OnResult;
  /** Whether a result that is no success says the last word on its build. */
  readonly isFinal: (build: PlannedBuild, result: BuildResult) => boolean;
  /** Whether what does not need a failure is to be built in spite of it. */
  readonly keepGoing: boolean;
}

/**
 * Has a builder make builds by lanes: a quick one is asked for before those in front of it have ended, in any lane or behind
 * what it needs, and what takes long gets lanes beside it. Settles each as soon as it is known. Throws when a lane
 * breaks, and when builds are left for which an input was lost.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #builds: readonly PlannedBuild[];
  readonly #open: OpenBuilds;
  readonly #lanes: LanePool;
  /** What they need was lost, and is to be had again another time. */
  readonly #bereft: PlannedBuild[] = [];
  /** Successes that are handed on together: what a store is asked and told for one costs nearly as much as for many. */
  #unsaid: { readonly build: PlannedBuild; readonly result: BuildResult }[] = [];
  readonly #done = new Deferred<void>();
  #isPumpScheduled = false;

  /** Takes `first` over. */
  constructor(builds: readonly PlannedBuild[], first: BuildLane, options: LanesOptions) {
    this.#options = options;
    this.#builds = builds;
    this.#open = new OpenBuilds(builds);
    this.#lanes = new LanePool(first, { ...options, onChange: () => this.#pumpSoon() });
  }

  /** Resolves when all are settled. */
  async run(): Promise<void> {
    await using _ = this.#lanes;
    const stop = new AbortController();
    for (const build of this.#builds) void this.#feed(build);
    void this.#watch(stop.signal).catch(() => undefined);
    try {
      await this.#done.promise;
    } finally {
      stop.abort();
    }
  }

  async #feed(build: PlannedBuild): Promise<void> {
    try {
      await this.#options.feed(build);
      this.#open.noteFed(build);
      this.#pumpSoon();
    } catch (error) {
      this.#done.reject(error);
    }
  }

  /** What stands behind a build that turns out to take long may be asked for in other lanes too: whichever answers first counts. */
  async #watch(signal: AbortSignal): Promise<void> {
    for (let looks = 0; ; ) {
      await this.#options.clock.sleep(QUICK_MS, signal);
      if (++looks % SAID_EVERY === 0) this.#say();
      this.#open.putBack(this.#lanes.stranded);
      this.#pump();
    }
  }

  /** Once for all that comes in one turn. */
  #pumpSoon(): void {
    if (this.#isPumpScheduled) return;
    this.#isPumpScheduled = true;
    queueMicrotask(() => {
      this.#isPumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (let isMore = true; isMore; ) isMore = this.#lanes.withRoom.some((lane) => this.#askNext(lane));
    this.#lanes.widen((max) => this.#open.countReady(max));
    if (!this.#open.isEmpty) return;
    this.#say();
    const [bereft] = this.#bereft;
    if (bereft) this.#done.reject(inputLost(bereft));
    else this.#done.resolve();
  }

  #askNext(lane: Lane): boolean {
    const build = this.#open.takeFor(lane);
    if (!build) return false;
    lane.ask(build);
    void this.#ask(build, lane).catch((error) => this.#done.reject(error));
    return true;
  }

  async #ask(build: PlannedBuild, lane: Lane): Promise<void> {
    const result = await this.#options.ask(build, lane);
    lane.answered(build);
    if (this.#open.has(build)) this.#settle(build, result);
    this.#pumpSoon();
  }

  #settle(build: PlannedBuild, result: BuildResult): void {
    if (isSuccess(result)) this.#unsaid.push({ build, result });
    else this.#fail(build, result);
    this.#open.close(build);
  }

  #say(): void {
    const said = this.#unsaid;
    this.#unsaid = [];
    for (const { build, result } of said) this.#options.settle(build, result);
  }

  #fail(build: PlannedBuild, result: BuildResult): void {
    const { settle, isFinal, keepGoing } = this.#options;
    const isOver = isFinal(build, result);
    const doomed = this.#open.doomedBy(build, { all: isOver && !keepGoing });
    this.#say();
    settle(build, result);
    for (const one of doomed) {
      this.#open.close(one);
      if (isOver) settle(one, SILENCE);
      else this.#bereft.push(one);
    }
  }
}

function inputLost({ derivation }: PlannedBuild): ElsewhereError {
  return new ElsewhereError("INPUT_MISSING", `Cannot build '${derivation.name}': an input of it was lost`);
}

/** How many looks after each other what came in between is told. */
const SAID_EVERY = 3;
