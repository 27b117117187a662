import { Deferred } from "#base/deferred.ts";
import { Lanes } from "#build/engine/attempt/lanes.ts";
import type { PlannedBuild } from "#build/engine/plan/plan.ts";
import { BARE_RESULT, type BuildResult, type BuildStatus } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import { HandClock } from "#rig/hand-clock.ts";
import type { BuildLane } from "#store/build-lane.ts";
import { drv } from "./engine-rig.ts";

/** A builder that makes one build a lane at a time, each when the story says so. */
export class LanesRig {
  readonly clock = new HandClock();
  /** What each lane was asked for and has not answered, by name: the first is under way. */
  readonly lanes: { readonly name: string; readonly answer: Deferred<BuildResult> }[][] = [];
  /** How builds ended, in the order in which that was told. */
  readonly told: string[] = [];
  lanesMax = 4;
  /** There are no more, whatever there may be. */
  lanesThere = 4;
  keepGoing = false;
  isFinal = true;
  closed = 0;
  readonly #builds: PlannedBuild[] = [];
  readonly #ways: BuildLane[] = [];

  derive(name: string, needs: readonly string[] = []): void {
    this.#builds.push({
      drvPath: drv(name),
      needs: needs.map(drv),
      outputs: ["out"],
      derivation: { name },
    } as never);
  }

  /** Begins; the promise is that of the whole. */
  run(): Promise<void> {
    const lanes = new Lanes(this.#builds, this.#open()!, {
      lanesMax: this.lanesMax,
      open: async () => this.#open(),
      feed: async () => undefined,
      ask: ({ derivation: { name } }, { way }) => {
        const answer = new Deferred<BuildResult>();
        this.lanes[this.#ways.indexOf(way)]!.push({ name, answer });
        return answer.promise;
      },
      settle: ({ derivation: { name } }, { status }) => this.told.push(`${name}: ${status}`),
      isFinal: () => this.isFinal,
      keepGoing: this.keepGoing,
      clock: this.clock,
    });
    const ended = lanes.run();
    ended.catch(() => undefined);
    return ended;
  }

  /** What each lane was asked for and has not answered, once all has happened that can. */
  async asked(): Promise<string[][]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.lanes.map((asked) => asked.map(({ name }) => name));
  }

  /** The first build of a lane ends. */
  async end(lane: number, { afterMs = 1, status = "Built" as BuildStatus } = {}): Promise<void> {
    await this.clock.goTo(this.clock.now() + afterMs);
    this.lanes[lane]!.shift()!.answer.resolve({ ...BARE_RESULT, status });
    await new Promise((resolve) => setImmediate(resolve));
  }

  #open(): BuildLane | undefined {
    if (this.#ways.length === this.lanesThere) return undefined;
    const way: BuildLane = {
      buildDerivation: async (path: StorePath) => {
        throw new Error(`nobody asks for ${path} but by the rig`);
      },
      [Symbol.asyncDispose]: async () => {
        this.closed++;
      },
    };
    this.#ways.push(way);
    this.lanes.push([]);
    return way;
  }
}
