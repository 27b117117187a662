import type { Told } from "./dialogue.ts";
import type { Scenario } from "./scenario.ts";
import type { SimTask, SimTasks } from "./sim-task.ts";
import type { Site } from "./site.ts";
import type { Timeline } from "./timeline.ts";

/** All that is so at a time, and whom to tell when it changes. */
export interface World {
  readonly scenario: Scenario;
  /** The scheduler gives `big-parallel` all free slots of a builder. */
  readonly givesMachines: boolean;
  readonly sites: ReadonlyMap<string, Site>;
  readonly tasks: SimTasks;
  readonly timeline: Timeline;
  readonly tally: Tally;
  /** Lost with their builder, of which the schedule has not heard yet. */
  readonly untold: Set<SimTask>;
  readonly tell: (event: Told) => void;
}

/** What is counted meanwhile. */
export interface Tally {
  /** `task@builder` in the order of the decisions. */
  readonly placements: string[];
  movedBytes: number;
  losses: number;
  longestWaitMs: number;
  lastEndMs: number;
}
