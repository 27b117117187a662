import type { Origin } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuilderVerdict } from "#schedule/reason.ts";
import type { Score } from "#schedule/score.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** How a request ended; absent while it runs. `interrupted`: its process was killed. */
export const REQUEST_ENDS = ["done", "failed", "cancelled", "interrupted"] as const;
export type RequestEnd = (typeof REQUEST_ENDS)[number];

/** What one client asked for. */
export interface RequestRecord {
  /** Chosen by who asks, so that nobody has to be waited for. */
  readonly key: string;
  /** Who asked, as the machine knows them. */
  readonly principal: string;
  /** The command line, or what stands for it. */
  readonly command: string;
  /** What was asked for, as a person wrote it. */
  readonly wishes: readonly string[];
  /** Where the outputs shall end. */
  readonly store: string;
  readonly process: ProcessIdentity;
  readonly beganMs: number;
  readonly endedMs?: number | undefined;
  readonly end?: RequestEnd | undefined;
}

/** What became of a build; absent while nothing did. */
export const BUILD_ENDS = [
  "built",
  "substituted",
  "found",
  "failed",
  "dependency-failed",
  "given-up",
  "cancelled",
  "interrupted",
] as const;
export type BuildEnd = (typeof BUILD_ENDS)[number];

/** One derivation that a request had to realise. */
export interface BuildRecord {
  /** Counts from 1 over all requests; what people name it by. */
  readonly number: number;
  /** Key of its request. */
  readonly request: string;
  readonly drvPath: StorePath;
  readonly system: string;
  readonly plannedMs: number;
  readonly endedMs?: number | undefined;
  readonly end?: BuildEnd | undefined;
  /** Where it ended, for ends that a builder brought about. */
  readonly builder?: string | undefined;
  /** Of the build itself. */
  readonly durationMs?: number | undefined;
  readonly message?: string | undefined;
  /** By output name, where it succeeded. */
  readonly outputs: ReadonlyMap<string, StorePath>;
}

/** `lost`: it came to nothing and was no fault of the build. `stopped`: nobody wanted it any more. */
export const ATTEMPT_ENDS = ["succeeded", "failed", "lost", "stopped", "interrupted"] as const;
export type AttemptEnd = (typeof ATTEMPT_ENDS)[number];

/** Why a builder was chosen, as it was at that moment. */
export interface Placement {
  readonly score: Score;
  /** What was said of the other builders. */
  readonly others: readonly BuilderVerdict[];
  /** Why builders were down, by name, as they or the way to them said it. */
  readonly faults: ReadonlyMap<string, string>;
  /** That the build might use; undefined where the builder's were not known. */
  readonly cores?: number | undefined;
}

/** One try of a build on one builder. */
export interface AttemptRecord {
  /** Number of the build. */
  readonly build: number;
  /** From 1 within the build. */
  readonly attempt: number;
  readonly builder: string;
  /** On the machine that asked. */
  readonly local: boolean;
  readonly placement: Placement;
  /** When it was handed to the builder, and when the builder said that it began. */
  readonly beganMs: number;
  readonly buildBeganMs?: number | undefined;
  readonly endedMs?: number | undefined;
  readonly end?: AttemptEnd | undefined;
  /** Finer than `end`, in the word of who judged it: a build status, or the class of a loss. */
  readonly detail?: string | undefined;
  readonly message?: string | undefined;
  readonly cpuUserUs?: number | undefined;
  readonly cpuSystemUs?: number | undefined;
  readonly memoryPeakBytes?: number | undefined;
}

/** Paths that went from one store to another. */
export interface CopyRecord {
  readonly request: string;
  readonly from: string;
  readonly to: string;
  readonly paths: number;
  readonly bytes: number;
  readonly beganMs: number;
  readonly endedMs: number;
  readonly error?: string | undefined;
}

/** How a path came to be where it was asked for. */
export interface PathRecord {
  readonly path: StorePath;
  readonly request: string;
  readonly store: string;
  readonly origin: Origin;
  /** Names of the keys that signed it, as far as its store told. */
  readonly signedBy: readonly string[];
  readonly atMs: number;
  /** Number of the build that made it, where one did. */
  readonly build?: number | undefined;
}
