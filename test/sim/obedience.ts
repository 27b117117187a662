import assert from "node:assert/strict";
import type { Decision } from "#schedule/schedule.ts";
import { endRun } from "./site.ts";
import { begin, beginHandedOver, lose } from "./work.ts";
import type { World } from "./world.ts";

/** Does what the scheduler decided, and holds it to what it may decide. */
export function obey(world: World, decision: Decision): void {
  switch (decision.kind) {
    case "assign":
      assign(world, decision);
      return;
    case "cancel":
      cancel(world, decision);
      return;
    case "skip":
    case "give-up": {
      const task = world.tasks.of(decision.task);
      assert.equal(task.end, undefined, `${decision.task} ended twice`);
      task.end = decision.kind === "skip" ? "skipped" : "given-up";
      return;
    }
    case "probe":
      probe(world, decision.builder);
      return;
  }
}

function assign(world: World, { builder, tasks: ids }: Extract<Decision, { kind: "assign" }>): void {
  const { sites, tasks } = world;
  const site = sites.get(builder)!;
  assert.ok(site.up, `${builder} is down and is given ${ids}`);
  if (ids.length === 1) {
    begin(world, tasks.of(ids[0]!), site);
    return;
  }
  assert.equal(site.runs.size + site.waiting.length, 0, `${builder} is busy and is handed a graph`);
  for (const id of ids) {
    const task = tasks.of(id);
    tasks.checkFree(task, new Set(ids));
    site.waiting.push(task);
  }
  beginHandedOver(world, site);
}

function cancel(world: World, { task: id, builder }: Extract<Decision, { kind: "cancel" }>): void {
  const { tasks, timeline } = world;
  const { requests, run } = tasks.of(id);
  assert.equal(requests.size, 0, `${id} is cancelled and wanted`);
  if (run) endRun(run);
  timeline.at(timeline.nowMs, () => lose(world, { task: id, builder, loss: "cancelled" }));
}

function probe({ sites, timeline, tell }: World, name: string): void {
  timeline.at(timeline.nowMs + PROBE_MS, () => {
    const { builder, up, full, pace } = sites.get(name)!;
    tell({ kind: "probed", builder: name, passed: up && !full, speed: builder.traits.speedFactor * pace });
  });
}

const PROBE_MS = 2000;
