import type { Clock } from "#base/clock.ts";
import type { BuildLane } from "#store/build-lane.ts";
import type { PlannedBuild } from "../plan/plan.ts";

/** A lane in use: what it was asked for and has not answered, and how fast it is. */
export class Lane {
  readonly way: BuildLane;
  readonly #clock: Clock;
  /** In the order in which they were asked for: the first is being built. */
  readonly #asked = new Set<PlannedBuild>();
  /** Of a build, lately; undefined before the first. */
  #paceMs: number | undefined;
  /** Since when the first has been the first, as far as is known. */
  #sinceMs = 0;

  constructor(way: BuildLane, clock: Clock) {
    this.way = way;
    this.#clock = clock;
  }

  get load(): number {
    return this.#asked.size;
  }

  /** More may be asked: what waits in a lane waits for all that is before it, so it is little as time goes. */
  get hasRoom(): boolean {
    if (this.#paceMs === undefined || this.isSlow) return this.load === 0;
    return this.load < Math.min(Math.max(1, AHEAD_MS / Math.max(this.#paceMs, 1)), AHEAD_BUILDS_MAX);
  }

  /** What a build takes here; that which is under way counts where it takes longer already. */
  get paceMs(): number {
    return Math.max(this.#paceMs ?? 0, this.#underWayMs);
  }

  /** What is under way here is no trivial build. */
  get isSlow(): boolean {
    return this.#underWayMs >= QUICK_MS;
  }

  has(build: PlannedBuild): boolean {
    return this.#asked.has(build);
  }

  /** What waits behind a build that takes long. */
  get stranded(): readonly PlannedBuild[] {
    return this.#underWayMs >= STRANDED_MS ? [...this.#asked].slice(1) : [];
  }

  ask(build: PlannedBuild): void {
    if (this.load === 0) this.#sinceMs = this.#clock.now();
    this.#asked.add(build);
  }

  /** The builder says that the first has begun. */
  began(): void {
    this.#sinceMs = this.#clock.now();
  }

  answered(build: PlannedBuild): void {
    const nowMs = this.#clock.now();
    const tookMs = nowMs - this.#sinceMs;
    this.#asked.delete(build);
    this.#sinceMs = nowMs;
    this.#paceMs = this.#paceMs === undefined ? tookMs : (this.#paceMs + tookMs) / 2;
  }

  get #underWayMs(): number {
    return this.load > 0 ? this.#clock.now() - this.#sinceMs : 0;
  }
}

/** How much work may wait in a lane, as far as can be told beforehand: more than a request travels on most lines. Milliseconds. */
const AHEAD_MS = 100;
const AHEAD_BUILDS_MAX = 64;
/** What has not ended by then is no trivial build. */
export const QUICK_MS = 50;
/**
 * Two connections that come to one build at the same moment make one of them wait: Nix looks only every five seconds whether
 * the other has done it. So what waits is asked for again only where the build in front is none of the quick ones at all.
 */
const STRANDED_MS = 500;
