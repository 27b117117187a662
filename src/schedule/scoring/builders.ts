import type { BuilderTraits } from "../requirement.ts";
import type { BuilderFacts, BuilderState } from "../schedule.ts";
import { newPool, rehome } from "./builder/classes.ts";
import { refile } from "./builder/pools.ts";
import { setSpeed } from "./builder/rating.ts";
import { pardon } from "./builder/suspension.ts";
import type { Builder, ScoringSchedule } from "./state.ts";
import { listByUrgency, unreserve } from "./task/ready-queues.ts";
import { touch } from "./touched.ts";

/** Takes in a builder that is connecting, or takes note of what one is now said to be. */
export function addBuilder(schedule: ScoringSchedule, traits: BuilderTraits): void {
  const known = schedule.builders.get(traits.name);
  const builder = known ?? newBuilder(traits, schedule.builders.size);
  schedule.builders.set(traits.name, builder);
  builder.traits = traits;
  builder.maxJobs = traits.maxJobs;
  builder.isLocal = traits.local;
  builder.speed = traits.speedFactor;
  builder.cores = traits.cores ?? builder.cores;
  builder.memoryBytes = traits.memoryBytes ?? builder.memoryBytes;
  builder.emulatedSystems = traits.emulatedSystems ?? builder.emulatedSystems;
  rehome(schedule, builder);
  forgetLargest(builder);
}

export function changeBuilder(schedule: ScoringSchedule, builder: Builder, state: BuilderState): void {
  const wasUp = builder.state === "up";
  builder.state = state;
  if (state === "up" && !wasUp) pardon(builder);
  const reserving = builder.reservedFor?.kind;
  if (state !== "up" && reserving) unreserve(schedule, reserving);
  refile(schedule, builder);
  forgetLargest(builder);
}

export function noteFacts(schedule: ScoringSchedule, builder: Builder, facts: BuilderFacts): void {
  builder.memoryBytes = facts.memoryBytes ?? builder.memoryBytes;
  builder.freeDiskBytes = facts.freeDiskBytes ?? builder.freeDiskBytes;
  builder.cores = facts.cores ?? builder.cores;
  builder.emulatedSystems = facts.emulatedSystems ?? builder.emulatedSystems;
  builder.slotsOfOthers = facts.slotsOfOthers ?? builder.slotsOfOthers;
  if (facts.speed !== undefined) setSpeed(schedule, builder, facts.speed);
  rehome(schedule, builder);
  if (facts.memoryBytes !== undefined) forgetLargest(builder);
  // More room may let in what a free slot did not.
  for (const kind of builder.pool.classes) touch(schedule, kind);
}

function newBuilder(traits: BuilderTraits, ordinal: number): Builder {
  // What is read together stands together.
  const builder: Builder = {
    name: traits.name,
    ordinal,
    alone: [],
    tallyBytes: 0,
    state: "connecting",
    suspension: undefined,
    handedOver: 0,
    reservedFor: undefined,
    maxJobs: traits.maxJobs,
    isLocal: traits.local,
    slotsOfOthers: 0,
    slotsTaken: 0,
    emulatedSystems: NO_SYSTEMS,
    speed: traits.speedFactor,
    pool: newPool("", { traits, emulatedSystems: NO_SYSTEMS, speed: traits.speedFactor }),
    filed: { rank: 0, freeSlots: 0, slotsUp: 0, usable: false },
    runs: [],
    near: listByUrgency(),
    memoryBytes: undefined,
    memoryTakenBytes: 0,
    freeDiskBytes: undefined,
    cores: undefined,
    coresTaken: 0,
    holds: [],
    held: 0,
    traits,
    speedSeenMs: 0,
    strikes: new Set(),
    suspensions: 0,
    probing: false,
  };
  builder.alone.push(builder);
  return builder;
}

const NO_SYSTEMS: readonly string[] = [];

function forgetLargest({ pool }: Builder): void {
  for (const kind of pool.classes) kind.largestMemoryBytes = undefined;
}
