import type { Decision } from "../../schedule.ts";
import { setAlarm } from "../alarms.ts";
import type { Builder, Run, ScoringSchedule } from "../state.ts";
import { hasOutgrown, rehome } from "./classes.ts";
import { isSlow } from "./suspension.ts";

/** Learns a builder's speed from a build whose duration was foreseen. */
export function learnSpeed(
  schedule: ScoringSchedule,
  { task, builder }: Run,
  durationMs: number | undefined,
): void {
  const { isForeseen, requirement } = task;
  if (!isForeseen || !durationMs || durationMs < DURATION_MS_MIN) return;
  if (builder.emulatedSystems.includes(requirement.system)) return;
  const seen = task.durationMs / durationMs;
  const { speedFactor } = builder.traits;
  const speed = builder.speed ** (1 - WEIGHT) * seen ** WEIGHT;
  setSpeed(schedule, builder, Math.max(speedFactor / SPREAD_MAX, Math.min(speedFactor * SPREAD_MAX, speed)));
}

/** A bad rating is looked at again when it is old: what gets no work could not mend it. */
export function setSpeed(schedule: ScoringSchedule, builder: Builder, speed: number): void {
  builder.speed = speed;
  builder.speedSeenMs = schedule.nowMs;
  if (!hasOutgrown(builder)) return;
  if (isSlow(builder)) setAlarm(schedule, schedule.nowMs + RATING_MS, { kind: "rating", builder });
  rehome(schedule, builder);
}

/** Asks for a probe of a builder that was found slow long ago. */
export function askForRating(schedule: ScoringSchedule, builder: Builder, decisions: Decision[]): void {
  const isOld = schedule.nowMs - builder.speedSeenMs >= RATING_MS;
  if (!isOld || !isSlow(builder) || builder.probing || builder.state !== "up") return;
  builder.probing = true;
  decisions.push({ kind: "probe", builder: builder.name });
}

/** One build counts for so much of a rating. */
const WEIGHT = 0.1;
/** Shorter builds say more of the machine's start-up than of its speed. */
const DURATION_MS_MIN = 1000;
/** A builder is at most so many times faster or slower than it is said to be. */
const SPREAD_MAX = 16;
/** How long a bad rating is believed. */
const RATING_MS = 600_000;
