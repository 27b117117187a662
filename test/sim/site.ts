import assert from "node:assert/strict";
import type { Loss } from "#schedule/loss.ts";
import { EMULATION_SLOWDOWN } from "#schedule/scoring/builder/classes.ts";
import { MACHINE_GAIN } from "#schedule/scoring/placing/cost.ts";
import { chance } from "./chance.ts";
import type { Scenario, SimBuilder } from "./scenario.ts";
import type { SimTask } from "./sim-task.ts";

/** A builder as it is at a time. */
export interface Site {
  readonly builder: SimBuilder;
  readonly runs: Set<SimRun>;
  readonly sources: Set<string>;
  /** Handed over and not begun. */
  readonly waiting: SimTask[];
  up: boolean;
  full: boolean;
  pace: number;
  slotsTaken: number;
}

export interface SimRun {
  readonly task: SimTask;
  readonly site: Site;
  readonly slots: number;
  readonly grantedBytes: number;
  /** If it comes to its end, without what it takes to bring its inputs. */
  readonly durationMs: number;
  over: boolean;
}

/** How a run will end, and after which part of its time. */
export interface Fate {
  readonly end: "succeeded" | "failed" | Loss;
  readonly share: number;
}

export function newSite(builder: SimBuilder): Site {
  return {
    builder,
    runs: new Set(),
    sources: new Set(),
    waiting: [],
    up: true,
    full: false,
    pace: builder.pace,
    slotsTaken: 0,
  };
}

/** Takes slots and memory for a task, which must be free. */
export function beginRun(site: Site, task: SimTask, { givesMachines }: { givesMachines: boolean }): SimRun {
  const { traits } = site.builder;
  const { features, id } = task.sketch;
  const free = traits.maxJobs - site.slotsTaken;
  assert.ok(free > 0, `${traits.name} has no slot for ${id}`);
  const taken = [...site.runs].reduce((sum, run) => sum + run.task.toldMemoryBytes, 0);
  const grantedBytes = (traits.memoryBytes ?? Number.POSITIVE_INFINITY) - taken;
  assert.ok(
    task.toldMemoryBytes <= grantedBytes || site.runs.size === 0,
    `${traits.name} has no memory for ${id}`,
  );
  const slots = givesMachines && features.includes("big-parallel") ? free : 1;
  const run = { task, site, slots, grantedBytes, durationMs: durationMsOn(site, task, slots), over: false };
  task.run = run;
  task.attempts++;
  site.runs.add(run);
  site.slotsTaken += slots;
  return run;
}

export function endRun(run: SimRun): void {
  run.over = true;
  run.task.run = undefined;
  run.site.runs.delete(run);
  run.site.slotsTaken -= run.slots;
}

/** What will become of a run, by chance and by what it was given. */
export function fateOf({ task, site, grantedBytes }: SimRun, scenario: Scenario): Fate {
  const { seed, lossShare, failureShare } = scenario;
  const { id, name } = task.sketch;
  if (site.full) return { end: "no-space", share: 0.5 };
  if (task.truth.memoryBytes > grantedBytes) return { end: "out-of-memory", share: 0.6 };
  if (chance(seed, "loss", id, task.attempts) < lossShare) return { end: "transport", share: 0.3 };
  if (chance(seed, "failure", name) < failureShare) return { end: "failed", share: 0.8 };
  return { end: "succeeded", share: 1 };
}

function durationMsOn(
  { builder: { traits }, pace }: Site,
  { sketch, truth }: SimTask,
  slots: number,
): number {
  const emulated = traits.emulatedSystems?.includes(sketch.system) ? EMULATION_SLOWDOWN : 1;
  return truth.durationMs / ((traits.speedFactor * pace * slots ** MACHINE_GAIN) / emulated);
}
