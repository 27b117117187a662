import type { Loss } from "#schedule/loss.ts";
import type { SimTask } from "./sim-task.ts";
import { beginRun, endRun, type Fate, fateOf, type SimRun, type Site } from "./site.ts";
import type { World } from "./world.ts";

/** Has a builder begin a task, whose inputs are brought first. */
export function begin(world: World, task: SimTask, site: Site): void {
  const { scenario, tasks, tally, timeline } = world;
  tasks.checkFree(task);
  const { nowMs } = timeline;
  const run = beginRun(site, task, world);
  tally.longestWaitMs = Math.max(tally.longestWaitMs, nowMs - task.readyMs);
  tally.placements.push(`${task.sketch.id}@${site.builder.traits.name}`);
  const bytes = tasks.bring(task, site);
  tally.movedBytes += bytes;
  const fate = fateOf(run, scenario);
  const endMs = nowMs + bytes / BYTES_A_MS + run.durationMs * fate.share;
  timeline.at(endMs, () => finish(world, run, fate));
}

/** Has a builder begin what was handed over to it, as far as it has slots and what is needed. */
export function beginHandedOver(world: World, site: Site): void {
  for (const task of [...site.waiting]) {
    if (site.runs.size >= site.builder.traits.maxJobs) return;
    if (!world.tasks.canFollow(task)) continue;
    site.waiting.splice(site.waiting.indexOf(task), 1);
    begin(world, task, site);
  }
}

export function lose({ tally, tell }: World, lost: { task: string; builder: string; loss: Loss }): void {
  tally.losses++;
  tell({ kind: "lost", ...lost });
}

function finish(world: World, run: SimRun, { end }: Fate): void {
  if (run.over) return;
  const { task, site } = run;
  const { id } = task.sketch;
  const builder = site.builder.traits.name;
  endRun(run);
  if (end === "succeeded") succeed(world, run);
  else if (end === "failed") {
    task.end = "failed";
    world.tally.lastEndMs = world.timeline.nowMs;
    world.tell({ kind: "failed", task: id, builder });
  } else lose(world, { task: id, builder, loss: end });
  beginHandedOver(world, site);
}

function succeed({ tally, timeline, tell }: World, { task, site, durationMs }: SimRun): void {
  task.end = "done";
  task.holders.add(site);
  tally.lastEndMs = timeline.nowMs;
  for (const dependant of task.dependants) dependant.readyMs = timeline.nowMs;
  const { outputBytes } = task.truth;
  const builder = site.builder.traits.name;
  tell({ kind: "succeeded", task: task.sketch.id, builder, durationMs, outputBytes });
}

/** Of the lines between all machines: 50 MB/s. */
const BYTES_A_MS = 50_000;
