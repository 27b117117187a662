import type { BuilderTraits, Requirement } from "./requirement.ts";

/** A build as the scheduler sees it. `id` is its derivation's path. */
export interface BuildTask {
  readonly id: string;
  readonly requirement: Requirement;
  /** Other tasks that must have succeeded first. */
  readonly needs: readonly string[];
}

/** `connecting`: it may take builds soon. `down`: it will not in this run, unless it is said to be up again. */
export type BuilderState = "connecting" | "up" | "down";

/** What happened in the world. */
export type ScheduleEvent =
  | { readonly kind: "builder-changed"; readonly builder: string; readonly state: BuilderState }
  | { readonly kind: "succeeded"; readonly task: string; readonly builder: string }
  /** The builder's own verdict, which is final. */
  | { readonly kind: "failed"; readonly task: string; readonly builder: string }
  /** The attempt came to nothing through no fault of the build. */
  | { readonly kind: "lost"; readonly task: string; readonly builder: string }
  /** Start nothing new. */
  | { readonly kind: "stopped" };

/** What shall be done about it. */
export type Decision =
  /** Run these there. More than one: hand them over in one request; each comes after what it needs. */
  | { readonly kind: "assign"; readonly builder: string; readonly tasks: readonly string[] }
  /** Never started, since `because` did not succeed. */
  | { readonly kind: "skip"; readonly task: string; readonly because: string }
  /** Nobody is left to try. `lastBuilder` had the last attempt, if there was one. */
  | { readonly kind: "give-up"; readonly task: string; readonly attempts: number };

/**
 * A scheduler. `Schedule` is a value that only its own functions look into: `advance` spends the one that
 * it is given and returns the next, so an implementation may reuse its memory.
 */
export interface Scheduler<Schedule> {
  begin(tasks: readonly BuildTask[], builders: readonly BuilderTraits[], policy: Policy): Schedule;
  advance(
    schedule: Schedule,
    event: ScheduleEvent,
  ): { readonly schedule: Schedule; readonly decisions: readonly Decision[] };
}

export interface Policy {
  /** After a failure, start what does not need it. */
  readonly keepGoing: boolean;
  /** Attempts of one task before it is given up. */
  readonly attemptsMax: number;
}
