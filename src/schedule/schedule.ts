import type { Estimate } from "./estimate.ts";
import type { Loss } from "./loss.ts";
import type { BuilderVerdict, WaitReason } from "./reason.ts";
import type { BuilderTraits, Requirement } from "./requirement.ts";
import type { Score } from "./score.ts";

/** A build as the scheduler sees it. `id` is its derivation's path: the same id is the same build, whoever asks. */
export interface BuildTask {
  readonly id: string;
  readonly requirement: Requirement;
  /** Other tasks that must have succeeded first, of this request. What they make is an input too. */
  readonly needs: readonly string[];
  readonly estimate: Estimate;
  /** What it needs beside that and lies in some store: sources, outputs that were built before. */
  readonly inputs: readonly StoredPath[];
}

/** Something in a store. */
export interface StoredPath {
  readonly path: string;
  /** Of its NAR; 0 when unknown. */
  readonly bytes: number;
}

/**
 * `connecting`: it may take builds soon. `drained`: it ends what it has and takes nothing new, as somebody wishes.
 * `down`: it will take nothing, unless it is said to be up again.
 */
export type BuilderState = "connecting" | "up" | "drained" | "down";

/** What was found out about a builder. What is absent stays as it was known. */
export interface BuilderFacts {
  /** How much faster than a builder of speed 1 it was found to be. */
  readonly speed?: number;
  /** That all builds together may use, in bytes. */
  readonly memoryBytes?: number;
  readonly freeDiskBytes?: number;
  readonly cores?: number;
  /** Systems that it runs by emulation. */
  readonly emulatedSystems?: readonly string[];
  /** Slots in use there by others, of whom this schedule knows nothing. */
  readonly slotsOfOthers?: number;
}

/** What happened in the world, and when: milliseconds since the epoch, never going back. */
export type ScheduleEvent = { readonly atMs: number } & (
  | {
      readonly kind: "requested";
      readonly request: string;
      /** Who asks: between principals the builders are shared fairly. */
      readonly principal: string;
      /** 0 is usual. One more counts for twice the share, and for a minute of waiting among one's own. */
      readonly priority: number;
      /** After a failure, start what does not need it. */
      readonly keepGoing: boolean;
      /** With all that they need. Those that are known already are shared. */
      readonly tasks: readonly BuildTask[];
    }
  /** Nobody waits for a request any longer: it has ended, or was taken back. */
  | { readonly kind: "withdrawn"; readonly request: string }
  | { readonly kind: "builder-joined"; readonly traits: BuilderTraits }
  | { readonly kind: "builder-changed"; readonly builder: string; readonly state: BuilderState }
  | { readonly kind: "builder-found"; readonly builder: string; readonly facts: BuilderFacts }
  | { readonly kind: "paths-found"; readonly builder: string; readonly paths: readonly StoredPath[] }
  /** `outputBytes` and `durationMs` of the build where they are known. */
  | {
      readonly kind: "succeeded";
      readonly task: string;
      readonly builder: string;
      readonly durationMs?: number;
      readonly outputBytes?: number;
    }
  /** The builder's own verdict, which is final. */
  | { readonly kind: "failed"; readonly task: string; readonly builder: string }
  | { readonly kind: "lost"; readonly task: string; readonly builder: string; readonly loss: Loss }
  /** It was not begun, for somebody else has the slot: no attempt. What others hold was said before. */
  | { readonly kind: "returned"; readonly task: string; readonly builder: string }
  /** What these tasks made is gone with its only holder: they are to be done again. */
  | { readonly kind: "outputs-lost"; readonly tasks: readonly string[] }
  /** The answer to the decision `probe`; its speed where it was measured. */
  | { readonly kind: "probed"; readonly builder: string; readonly passed: boolean; readonly speed?: number }
  /** It is `wakeAtMs`. */
  | { readonly kind: "woken" }
  /** Start nothing new. */
  | { readonly kind: "stopped" }
);

/** What shall be done about it. */
export type Decision =
  /** Run these there. More than one: hand them over in one request; each comes after what it needs. */
  | {
      readonly kind: "assign";
      readonly builder: string;
      readonly tasks: readonly string[];
      /** That each of them may use; undefined where the builder's cores are not known. */
      readonly cores: number | undefined;
      /** Why there: of the first of them. */
      readonly score: Score;
      /** What was said of the other builders, as far as the policy wants to know. */
      readonly others: readonly BuilderVerdict[];
    }
  /** Nobody waits for it any longer. Its slot is free when it is said to have ended, in whatever way. */
  | { readonly kind: "cancel"; readonly builder: string; readonly task: string }
  /** Never started, since `because` did not succeed. */
  | { readonly kind: "skip"; readonly task: string; readonly because: string }
  /** Nobody is left to try it. */
  | { readonly kind: "give-up"; readonly task: string; readonly attempts: number }
  /** Find out whether a builder builds, and how fast, and say so by `probed`. */
  | { readonly kind: "probe"; readonly builder: string };

/** What `advance` comes to. */
export interface Advance<Schedule> {
  readonly schedule: Schedule;
  readonly decisions: readonly Decision[];
  /** When to say `woken` if nothing happens before; undefined: there is nothing to wait for. */
  readonly wakeAtMs: number | undefined;
  /** Tasks that run or may still run; 0: nothing more will come of what was asked so far. */
  readonly open: number;
}

/**
 * A scheduler. `Schedule` is a value that only its own functions look into: `advance` spends the one that
 * it is given and returns the next, so an implementation may reuse its memory.
 */
export interface Scheduler<Schedule> {
  begin(builders: readonly BuilderTraits[], policy: Policy): Schedule;
  advance(schedule: Schedule, event: ScheduleEvent): Advance<Schedule>;
  /** Why a task does not run; undefined for one that runs, has ended, or is not known. */
  reasonOf(schedule: Schedule, task: string): WaitReason | undefined;
  /** What stands for and against each builder for a task, in the order of the builders. */
  explain(schedule: Schedule, task: string): readonly BuilderVerdict[];
  /** Ready tasks that a builder which is full would be given next, as far as that can be foreseen: the likeliest first, `max` at most. */
  upcoming(schedule: Schedule, builder: string, max: number): readonly string[];
}

export interface Policy {
  /** Attempts of one task before it is given up. */
  readonly attemptsMax: number;
  /** Whether a task that no builder takes waits for one, or is given up. */
  readonly waitsForBuilders: boolean;
  /** Of how many other builders a decision tells. */
  readonly othersMax: number;
}
