import type { Scheduler } from "#schedule/schedule.ts";
import { expectClients } from "./clients.ts";
import { Dialogue } from "./dialogue.ts";
import { expectIncidents } from "./incidents.ts";
import { obey } from "./obedience.ts";
import type { Scenario } from "./scenario.ts";
import { type SimEnd, SimTasks } from "./sim-task.ts";
import { newSite } from "./site.ts";
import { Timeline } from "./timeline.ts";
import { checkEnd, checkReasons } from "./waiting.ts";
import type { World } from "./world.ts";

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
  { reasonsEvery, givesMachines }: SimOptions = { reasonsEvery: 1, givesMachines: true },
): SimReport {
  const timeline = new Timeline();
  const builders = scenario.builders.map(({ traits }) => traits);
  const dialogue = new Dialogue({ scheduler, builders, timeline });
  const world: World = {
    scenario,
    givesMachines,
    sites: new Map(scenario.builders.map((builder) => [builder.traits.name, newSite(builder)])),
    tasks: new SimTasks(),
    timeline,
    tally: { placements: [], movedBytes: 0, losses: 0, longestWaitMs: 0, lastEndMs: 0 },
    untold: new Set(),
    tell: (event) => dialogue.tell(event),
  };
  const reasonOf = (task: string) => dialogue.reasonOf(task);
  let events = 0;
  dialogue.obey = (decision) => obey(world, decision);
  dialogue.afterwards = () => {
    if (reasonsEvery > 0 && ++events % reasonsEvery === 0) checkReasons(world, reasonOf);
  };
  for (const builder of world.sites.keys()) world.tell({ kind: "builder-changed", builder, state: "up" });
  expectClients(world);
  expectIncidents(world);
  timeline.pass();
  checkEnd(world, reasonOf);
  return report(world);
}

function report({ tasks, tally }: World): SimReport {
  const { placements, movedBytes, losses, longestWaitMs, lastEndMs } = tally;
  return {
    makespanMs: lastEndMs,
    movedBytes,
    attempts: placements.length,
    losses,
    ended: new Map(Array.from(tasks.all, ({ sketch, end }) => [sketch.id, end!])),
    placements,
    longestWaitMs,
  };
}
