import type { Clock } from "#base/clock.ts";
import type { BuildLane } from "#store/build-lane.ts";
import type { PlannedBuild } from "./plan.ts";

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
    const { paceMs } = this;
    const ahead = paceMs === undefined ? 1 : Math.floor(AHEAD_MS / Math.max(paceMs, 1));
    return this.load < Math.min(Math.max(1, ahead), AHEAD_BUILDS_MAX);
  }

  /** What a build takes here; that which is under way counts where it takes longer already. Undefined while nothing is known. */
  get paceMs(): number | undefined {
    const underWayMs = this.load > 0 ? this.#clock.now() - this.#sinceMs : 0;
    if (this.#paceMs === undefined && underWayMs < AHEAD_MS) return undefined;
    return Math.max(this.#paceMs ?? 0, underWayMs);
  }

  has(build: PlannedBuild): boolean {
    return this.#asked.has(build);
  }

  /** What waits behind a build that takes long. */
  get stranded(): readonly PlannedBuild[] {
    return this.#clock.now() - this.#sinceMs > AHEAD_MS ? [...this.#asked].slice(1) : [];
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
}

/** How much work may wait in a lane, as far as can be told beforehand: more than a request travels on most lines. Milliseconds. */
export const AHEAD_MS = 100;
const AHEAD_BUILDS_MAX = 64;
