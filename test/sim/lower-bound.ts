import { refusalOf } from "#schedule/requirement.ts";
import { EMULATION_SLOWDOWN } from "#schedule/scoring/classes.ts";
import { MACHINE_GAIN } from "#schedule/scoring/cost.ts";
import { type SketchedTask, truthOf } from "./model.ts";
import type { Scenario, SimBuilder } from "./scenario.ts";

/**
 * No schedule can end sooner than this, in milliseconds: the larger of the longest chain, each task on the fastest builder for it, and
 * of all the work over all the slots by speed, also for the tasks of one kind over the builders that take it. Nothing is counted for
 * moving inputs, nor for builders that are away for a time.
 */
export function lowerBoundMs({ arrivals, builders, seed }: Scenario): number {
  const tasks = new Map(arrivals.flatMap((arrival) => arrival.tasks.map((task) => [task.id, task])));
  const kinds = Map.groupBy(tasks.values(), kindOf);
  const work = (some: readonly SketchedTask[]) =>
    some.reduce((sum, task) => sum + truthOf(task, seed).durationMs, 0);
  const bounds = [...kinds.values()].map((some) => work(some) / capacity(builders, some[0]!));
  const all = work([...tasks.values()]) / builders.reduce((sum, one) => sum + slotsBySpeed(one), 0);
  return Math.max(all, ...bounds, longestChainMs(tasks, builders, seed));
}

function kindOf({ system, features }: SketchedTask): string {
  return [system, ...features].join();
}

function longestChainMs(
  tasks: ReadonlyMap<string, SketchedTask>,
  builders: readonly SimBuilder[],
  seed: number,
): number {
  const chains = new Map<string, number>();
  let longest = 0;
  for (const task of tasks.values()) {
    const before = Math.max(0, ...task.needs.map((need) => chains.get(need) ?? 0));
    const chain = before + truthOf(task, seed).durationMs / fastest(builders, task);
    chains.set(task.id, chain);
    longest = Math.max(longest, chain);
  }
  return longest;
}

function fastest(builders: readonly SimBuilder[], task: SketchedTask): number {
  return Math.max(
    ...builders.map((builder) => {
      const gain = task.features.includes("big-parallel") ? builder.traits.maxJobs ** MACHINE_GAIN : 1;
      return speedFor(builder, task) * gain;
    }),
  );
}

function capacity(builders: readonly SimBuilder[], task: SketchedTask): number {
  return builders.reduce((sum, builder) => sum + builder.traits.maxJobs * speedFor(builder, task), 0);
}

/** 0 for a builder that does not take it. */
function speedFor({ traits, pace }: SimBuilder, { system, features, preferLocal }: SketchedTask): number {
  if (refusalOf(traits, { system, features, preferLocal })) return 0;
  const emulated = traits.emulatedSystems?.includes(system) ?? false;
  return (traits.speedFactor * pace) / (emulated ? EMULATION_SLOWDOWN : 1);
}

function slotsBySpeed({ traits, pace }: SimBuilder): number {
  return traits.maxJobs * traits.speedFactor * pace;
}
