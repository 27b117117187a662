import { refusalOf } from "#schedule/requirement.ts";
import { EMULATION_SLOWDOWN } from "#schedule/scoring/builder/classes.ts";
import { MACHINE_GAIN } from "#schedule/scoring/placing/cost.ts";
import { type SketchedTask, truthOf } from "./model.ts";
import type { Scenario, SimBuilder } from "./scenario.ts";

/**
 * No schedule can end sooner than this, in milliseconds: the larger of the longest chain, each task on the fastest builder for it, and
 * of all the work over all the slots by speed; also for those tasks that the same builders take, and of them for those that cannot begin
 * before some time, or cannot be the last for some time, for every such time. Nothing is counted for moving inputs, nor for builders
 * that are away for a time.
 */
export function lowerBoundMs(scenario: Scenario): number {
  const { builders } = scenario;
  const steps = stepsOf(scenario);
  const kinds = Map.groupBy(steps, ({ speeds }) => speeds.join());
  const capacityOf = ({ speeds }: Step) =>
    speeds.reduce((sum, speed, index) => sum + speed * builders[index]!.traits.maxJobs, 0);
  const all = work(steps) / builders.reduce((sum, one) => sum + slotsBySpeed(one), 0);
  const chains = steps.map(({ headMs, leastMs, tailMs }) => headMs + leastMs + tailMs);
  const bounds = [...kinds.values()].map((some) => lastOf(some, capacityOf(some[0]!)));
  return Math.max(all, max(chains), max(bounds));
}

/** A task, with what must come before and after it. */
interface Step {
  readonly sketch: SketchedTask;
  /** On a builder of speed 1. */
  readonly durationMs: number;
  /** By builder; 0 for one that does not take it. */
  readonly speeds: readonly number[];
  /** On the fastest builder. */
  readonly leastMs: number;
  /** The longest chain before it, and after it. */
  headMs: number;
  tailMs: number;
}

/** Each after what it needs. */
function stepsOf({ arrivals, builders, seed }: Scenario): Step[] {
  const steps = new Map<string, Step>();
  for (const sketch of arrivals.flatMap(({ tasks }) => tasks)) {
    if (steps.has(sketch.id)) continue;
    const { durationMs } = truthOf(sketch, seed);
    const speeds = builders.map((builder) => speedFor(builder, sketch));
    const leastMs = durationMs / max(builders.map((one, index) => speeds[index]! * gainOf(one, sketch)));
    const headMs = Math.max(0, ...sketch.needs.map((need) => endOf(steps.get(need))));
    steps.set(sketch.id, { sketch, durationMs, speeds, leastMs, headMs, tailMs: 0 });
  }
  for (const { sketch, leastMs, tailMs } of [...steps.values()].reverse())
    for (const need of sketch.needs) {
      const before = steps.get(need);
      if (before) before.tailMs = Math.max(before.tailMs, tailMs + leastMs);
    }
  return [...steps.values()];
}

function endOf(step: Step | undefined): number {
  return step ? step.headMs + step.leastMs : 0;
}

/** When the last of tasks that share slots can have ended at the soonest. */
function lastOf(steps: readonly Step[], capacity: number): number {
  const byHead = [...steps].sort((a, b) => b.headMs - a.headMs);
  const byTail = [...steps].sort((a, b) => b.tailMs - a.tailMs);
  return Math.max(
    latest(byHead, ({ headMs }) => headMs, capacity),
    latest(byTail, ({ tailMs }) => tailMs, capacity),
  );
}

function latest(steps: readonly Step[], marginOf: (step: Step) => number, capacity: number): number {
  let workMs = 0;
  let latestMs = 0;
  for (const step of steps) {
    workMs += step.durationMs;
    latestMs = Math.max(latestMs, marginOf(step) + workMs / capacity);
  }
  return latestMs;
}

function work(steps: readonly Step[]): number {
  return steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

function gainOf({ traits }: SimBuilder, { features }: SketchedTask): number {
  return features.includes("big-parallel") ? traits.maxJobs ** MACHINE_GAIN : 1;
}

function speedFor({ traits, pace }: SimBuilder, { system, features, preferLocal }: SketchedTask): number {
  if (refusalOf(traits, { system, features, preferLocal })) return 0;
  const emulated = traits.emulatedSystems?.includes(system) ?? false;
  return (traits.speedFactor * pace) / (emulated ? EMULATION_SLOWDOWN : 1);
}

function slotsBySpeed({ traits, pace }: SimBuilder): number {
  return traits.maxJobs * traits.speedFactor * pace;
}

function max(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
