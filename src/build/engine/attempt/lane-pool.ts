import type { Clock } from "#base/clock.ts";
import type { BuildLane } from "#store/build-lane.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { Lane } from "./lane.ts";

export interface LanePoolOptions {
  /** How many lanes there may be at once. */
  readonly lanesMax: number;
  /** Another lane; undefined, or an error, where there can be no more. */
  readonly open: () => Promise<BuildLane | undefined>;
  /** Told when there are others than before. */
  readonly onChange: () => void;
  readonly clock: Clock;
}

/** The lanes to one builder: as many as are worth opening. Disposing it closes them. */
export class LanePool implements AsyncDisposable {
  readonly #options: LanePoolOptions;
  readonly #lanes: Lane[];
  #lanesMax: number;
  #isOpening = false;

  /** Takes `first` over. */
  constructor(first: BuildLane, options: LanePoolOptions) {
    this.#options = options;
    this.#lanes = [new Lane(first, options.clock)];
    this.#lanesMax = options.lanesMax;
  }

  /** Lanes that more may be asked of, the least loaded first. */
  get withRoom(): Lane[] {
    return this.#lanes.filter(({ hasRoom }) => hasRoom).sort((a, b) => a.load - b.load);
  }

  /** What waits behind builds that take long. */
  get stranded(): PlannedBuild[] {
    return this.#lanes.flatMap(({ stranded }) => stranded);
  }

  /** Opens as many lanes again as there are when what could begin, counted up to a most, would wait long for those. */
  widen(countReady: (max: number) => number): void {
    const lanes = this.#lanes.length;
    if (this.#isOpening || lanes >= this.#lanesMax) return;
    const wanted = Math.min(lanes, this.#lanesMax - lanes);
    const enough = enoughForMore(this.#lanes);
    const waiting = countReady(Math.max(wanted, enough));
    if (waiting >= enough) void this.#openMore(Math.min(wanted, waiting));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lanesMax = 0;
    await Promise.all(this.#lanes.map(({ way }) => way[Symbol.asyncDispose]()));
  }

  async #openMore(count: number): Promise<void> {
    const { open, onChange, clock } = this.#options;
    this.#isOpening = true;
    const one = async () => {
      const way = await open().catch(() => undefined);
      if (!way) this.#lanesMax = Math.min(this.#lanesMax, this.#lanes.length);
      else if (this.#lanesMax === 0) await way[Symbol.asyncDispose]();
      else this.#lanes.push(new Lane(way, clock));
      onChange();
    };
    await Promise.all(Array.from({ length: count }, one));
    this.#isOpening = false;
    onChange();
  }
}

/** How many builds must wait for more lanes to be worth it. */
function enoughForMore(lanes: readonly Lane[]): number {
  if (lanes.every(({ isSlow }) => isSlow)) return 1;
  if (lanes.length === 1) return MANY_BUILDS;
  const paceMs = lanes.reduce((sum, lane) => sum + lane.paceMs, 0) / lanes.length;
  return Math.ceil((WAIT_MS * lanes.length) / Math.max(paceMs, 1));
}

/** So many are worth a second lane, however quick they are: to open one takes a builder as long as a dozen of the quickest. */
const MANY_BUILDS = 20;
/** As long as quick builds may wait for the lanes that there are, when those are several. Milliseconds. */
const WAIT_MS = 1000;
