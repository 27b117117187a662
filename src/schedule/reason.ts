import type { Loss } from "./loss.ts";
import type { Refusal } from "./requirement.ts";
import type { Score } from "./score.ts";

/** Why a builder cannot take a build now. */
export type Obstacle =
  | Refusal
  | { readonly kind: "connecting" }
  | { readonly kind: "down" }
  /** By a person. */
  | { readonly kind: "drained" }
  /** Too many attempts were lost there; it is tried with a probe, not before `untilMs`. */
  | { readonly kind: "suspended"; readonly loss: Loss; readonly untilMs: number }
  /** So many of its slots are taken, by whomever; not all of them where a build wants the whole machine. */
  | { readonly kind: "full"; readonly running: number; readonly slots: number }
  | { readonly kind: "no-memory"; readonly neededBytes: number; readonly freeBytes: number }
  | { readonly kind: "no-disk"; readonly neededBytes: number; readonly freeBytes: number }
  /** It lost this build before, and others are left that did not. */
  | { readonly kind: "lost-it"; readonly loss: Loss }
  /** It is being emptied for a build that wants a whole machine. */
  | { readonly kind: "reserved"; readonly task: string };

/** What a schedule says of one builder for one build: it could run it now if there is no obstacle. */
export interface BuilderVerdict {
  readonly builder: string;
  readonly obstacle?: Obstacle;
  /** Absent where it could never take it. */
  readonly score?: Score;
}

/** Why a task waits. */
export type WaitReason =
  | { readonly kind: "inputs"; readonly tasks: readonly string[] }
  /** Nobody could ever take it; the builders each with why. */
  | { readonly kind: "nobody"; readonly verdicts: readonly BuilderVerdict[] }
  /** Those who could take it cannot now; the builders each with why. */
  | { readonly kind: "builders"; readonly verdicts: readonly BuilderVerdict[] }
  | { readonly kind: "backing-off"; readonly untilMs: number; readonly loss: Loss }
  /** A builder is free, and another that will be free soon is so much faster that waiting pays. */
  | { readonly kind: "better-builder"; readonly builder: string; readonly untilMs: number }
  /** Others have had less of the builders than who asks for this. */
  | { readonly kind: "fairness"; readonly principal: string }
  /** Of what the same principal asks, something else goes first. */
  | { readonly kind: "behind"; readonly tasks: number }
  /** It is being stopped, and begins anew after that. */
  | { readonly kind: "stopping" }
  /** Nothing new is begun, since something failed or somebody said stop. */
  | { readonly kind: "stopped" };
