import type { Loss } from "../../loss.ts";
import type { Decision } from "../../schedule.ts";
import { setAlarm } from "../alarms.ts";
import type { Builder, Run, ScoringSchedule } from "../state.ts";
import { rehome } from "./classes.ts";
import { refile } from "./pools.ts";

/**
 * Counts a loss against its builder. One task that is lost says little, however often it is; two different ones with no
 * success between, or a full disk, suspend it until a probe has passed.
 */
export function strike(schedule: ScoringSchedule, { builder, task, cancelled }: Run, loss: Loss): void {
  if (cancelled || !SAYS_SOMETHING.has(loss)) return;
  builder.strikes.add(task);
  const isOnProbation = builder.suspensions > 0;
  if (loss === "no-space" || isOnProbation || builder.strikes.size >= STRIKES_MAX)
    suspend(schedule, builder, loss);
}

/** A builder that did something well is as good as any. */
export function clearStrikes(builder: Builder): void {
  // To clear an empty set costs more than to ask.
  if (builder.strikes.size > 0) builder.strikes.clear();
  builder.suspensions = 0;
}

/** Asks for a probe of a builder whose suspension is over. */
export function askForProbe({ nowMs }: ScoringSchedule, builder: Builder, decisions: Decision[]): void {
  if (builder.probing || builder.state !== "up" || !builder.suspension) return;
  if (builder.suspension.untilMs > nowMs) return;
  builder.probing = true;
  decisions.push({ kind: "probe", builder: builder.name });
}

/** Takes a builder back that passed; on probation: the next loss suspends it again, for longer. */
export function takeProbe(
  schedule: ScoringSchedule,
  builder: Builder,
  { passed, speed }: { passed: boolean; speed?: number },
): void {
  const { suspension } = builder;
  builder.probing = false;
  if (!passed) {
    suspend(schedule, builder, suspension?.loss ?? "transport");
    return;
  }
  builder.suspension = undefined;
  builder.strikes.clear();
  builder.speed = speed ?? (isSlow(builder) ? builder.traits.speedFactor : builder.speed);
  builder.speedSeenMs = schedule.nowMs;
  rehome(schedule, builder);
}

/** What is known of a builder that comes back from being away is old. */
export function pardon(builder: Builder): void {
  builder.suspension = undefined;
  builder.probing = false;
  builder.strikes.clear();
}

/** Much slower than it is said to be. */
export function isSlow({ speed, traits }: Builder): boolean {
  return speed < traits.speedFactor * SLOW_SHARE;
}

function suspend(schedule: ScoringSchedule, builder: Builder, loss: Loss): void {
  const pauseMs = Math.min(PAUSE_MS * PAUSE_FACTOR ** builder.suspensions, PAUSE_MS_MAX);
  builder.suspensions++;
  builder.suspension = { loss, untilMs: schedule.nowMs + pauseMs };
  setAlarm(schedule, builder.suspension.untilMs, { kind: "suspension", builder });
  refile(schedule, builder);
}

/** Losses that may be the builder's fault. Memory is the build's, and what was cancelled nobody's. */
const SAYS_SOMETHING: ReadonlySet<Loss> = new Set([
  "transport",
  "vanished",
  "no-space",
  "timed-out",
  "wrong-machine",
]);
const STRIKES_MAX = 2;
const PAUSE_MS = 1000;
const PAUSE_FACTOR = 3;
const PAUSE_MS_MAX = 300_000;
const SLOW_SHARE = 0.5;
