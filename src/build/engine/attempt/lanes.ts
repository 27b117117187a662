import type { Clock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import { type BuildResult, isSuccess } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildLane } from "#store/build-lane.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { SILENCE } from "../verdict/verdict.ts";
import type { OnResult } from "./asking.ts";
import { Lane, QUICK_MS } from "./lane.ts";

export interface LanesOptions {
  /** How many builds there may be at once. */
  readonly lanesMax: number;
  /** Another lane; undefined, or an error, where there can be no more. */
  readonly open: () => Promise<BuildLane | undefined>;
  /** Resolves when what a build takes, and none of the others makes, is with the builder. */
  readonly feed: (build: PlannedBuild) => Promise<void>;
  readonly ask: (build: PlannedBuild, lane: Lane) => Promise<BuildResult>;
  readonly settle: OnResult;
  /** Whether a result that is no success says the last word on its build. */
  readonly isFinal: (build: PlannedBuild, result: BuildResult) => boolean;
  /** Whether what does not need a failure is to be built in spite of it. */
  readonly keepGoing: boolean;
  readonly clock: Clock;
}

/**
 * Has a builder make builds by lanes: a quick one is asked for before those in front of it have ended, in any lane or behind
 * what it needs, and what takes long gets lanes beside it. Settles each as soon as it is known. Throws when a lane
 * breaks, and when builds are left for which an input was lost.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes: Lane[] = [];
  /** Not settled, each after what it needs. */
  readonly #open: Map<StorePath, PlannedBuild>;
  /** Those of them that were not asked for where they can be answered soon. */
  readonly #unasked: Set<PlannedBuild>;
  readonly #fed = new Set<PlannedBuild>();
  /** What they need was lost, and is to be had again another time. */
  readonly #bereft: PlannedBuild[] = [];
  /** Successes that are handed on together: what a store is asked and told for one costs nearly as much as for many. */
  #unsaid: { readonly build: PlannedBuild; readonly result: BuildResult }[] = [];
  readonly #done = new Deferred<void>();
  #lanesMax: number;
  #isOpening = false;
  #isPumpScheduled = false;

  constructor(builds: readonly PlannedBuild[], options: LanesOptions) {
    this.#options = options;
    this.#lanesMax = options.lanesMax;
    this.#open = new Map(builds.map((build) => [build.drvPath, build]));
    this.#unasked = new Set(builds);
  }

  /** Resolves when all are settled. Takes `first` over. */
  async run(first: BuildLane): Promise<void> {
    const stop = new AbortController();
    this.#lanes.push(new Lane(first, this.#options.clock));
    for (const build of this.#unasked) void this.#feed(build);
    void this.#watch(stop.signal).catch(() => undefined);
    try {
      await this.#done.promise;
    } finally {
      stop.abort();
      this.#lanesMax = 0;
      await Promise.all(this.#lanes.map(({ way }) => way[Symbol.asyncDispose]()));
    }
  }

  async #feed(build: PlannedBuild): Promise<void> {
    try {
      await this.#options.feed(build);
      this.#fed.add(build);
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
      for (const { stranded } of this.#lanes)
        for (const build of stranded) if (this.#open.has(build.drvPath)) this.#unasked.add(build);
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
    for (let isMore = true; isMore; ) {
      const lanes = this.#lanes.filter(({ hasRoom }) => hasRoom).sort((a, b) => a.load - b.load);
      isMore = lanes.some((lane) => this.#askNext(lane));
    }
    this.#widen();
    if (this.#open.size > 0) return;
    this.#say();
    const [bereft] = this.#bereft;
    if (bereft) this.#done.reject(inputLost(bereft));
    else this.#done.resolve();
  }

  #askNext(lane: Lane): boolean {
    for (const build of this.#unasked) {
      if (!this.#canBegin(build, lane)) continue;
      this.#unasked.delete(build);
      lane.ask(build);
      void this.#ask(build, lane).catch((error) => this.#done.reject(error));
      return true;
    }
    return false;
  }

  /** All that it needs is there, or will be when `lane` comes to it. */
  #canBegin(build: PlannedBuild, lane?: Lane): boolean {
    if (!this.#fed.has(build) || lane?.has(build)) return false;
    return build.needs.every((need) => {
      const needed = this.#open.get(need);
      return needed === undefined || lane?.has(needed) === true;
    });
  }

  async #ask(build: PlannedBuild, lane: Lane): Promise<void> {
    const result = await this.#options.ask(build, lane);
    lane.answered(build);
    if (this.#open.has(build.drvPath)) this.#settle(build, result);
    this.#pumpSoon();
  }

  #settle(build: PlannedBuild, result: BuildResult): void {
    if (isSuccess(result)) this.#unsaid.push({ build, result });
    else this.#fail(build, result);
    this.#close(build);
  }

  #say(): void {
    const said = this.#unsaid;
    this.#unsaid = [];
    for (const { build, result } of said) this.#options.settle(build, result);
  }

  #fail(build: PlannedBuild, result: BuildResult): void {
    const { settle, isFinal, keepGoing } = this.#options;
    const isOver = isFinal(build, result);
    const doomed = this.#doomedBy(build, { all: isOver && !keepGoing });
    this.#say();
    settle(build, result);
    for (const one of doomed) {
      this.#close(one);
      if (isOver) settle(one, SILENCE);
      else this.#bereft.push(one);
    }
  }

  /** What is open and needs `failed`, each after what it needs itself; or all that is open. */
  #doomedBy(failed: PlannedBuild, { all }: { all: boolean }): PlannedBuild[] {
    const doomed = new Set([failed.drvPath]);
    return [...this.#open.values()].filter((build) => {
      const isDoomed = build !== failed && (all || build.needs.some((need) => doomed.has(need)));
      if (isDoomed) doomed.add(build.drvPath);
      return isDoomed;
    });
  }

  #close(build: PlannedBuild): void {
    this.#open.delete(build.drvPath);
    this.#unasked.delete(build);
  }

  /** Opens as many lanes again as there are when what could begin would wait long for those. */
  #widen(): void {
    const lanes = this.#lanes.length;
    if (this.#isOpening || lanes >= this.#lanesMax) return;
    const wanted = Math.min(lanes, this.#lanesMax - lanes);
    const enough = this.#enoughForMore();
    const waiting = this.#countReady(Math.max(wanted, enough));
    if (waiting >= enough) void this.#openMore(Math.min(wanted, waiting));
  }

  /** How many must wait for more lanes to be worth it. */
  #enoughForMore(): number {
    if (this.#lanes.every(({ isSlow }) => isSlow)) return 1;
    if (this.#lanes.length === 1) return MANY_BUILDS;
    const paces = this.#lanes.map(({ paceMs }) => paceMs);
    const paceMs = paces.reduce((sum, pace) => sum + pace) / paces.length;
    return Math.ceil((WAIT_MS * this.#lanes.length) / Math.max(paceMs, 1));
  }

  /** Up to `max` of those that a lane of their own could begin with. */
  #countReady(max: number): number {
    let count = 0;
    for (const build of this.#unasked) {
      if (this.#canBegin(build)) count++;
      if (count >= max) break;
    }
    return count;
  }

  async #openMore(count: number): Promise<void> {
    this.#isOpening = true;
    const one = async () => {
      const way = await this.#options.open().catch(() => undefined);
      if (!way) this.#lanesMax = Math.min(this.#lanesMax, this.#lanes.length);
      else if (this.#lanesMax === 0) await way[Symbol.asyncDispose]();
      else this.#lanes.push(new Lane(way, this.#options.clock));
      this.#pumpSoon();
    };
    await Promise.all(Array.from({ length: count }, one));
    this.#isOpening = false;
    this.#pumpSoon();
  }
}

function inputLost({ derivation }: PlannedBuild): ElsewhereError {
  return new ElsewhereError("INPUT_MISSING", `Cannot build '${derivation.name}': an input of it was lost`);
}

/** How many looks after each other what came in between is told. */
const SAID_EVERY = 3;
/** So many are worth a second lane, however quick they are: to open one takes a builder as long as a dozen of the quickest. */
const MANY_BUILDS = 20;
/** As long as quick builds may wait for the lanes that there are, when those are several. Milliseconds. */
const WAIT_MS = 1000;
