import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildLane } from "./build-lane.ts";

/** In the order of their numbers on the wire, from 0. */
export const BUILD_MODES = ["normal", "repair", "check"] as const;
export type BuildMode = (typeof BUILD_MODES)[number];

/** Limits and choices that travel with a build. Absent means the builder's own setting. */
export interface BuildSettings {
  readonly maxSilentTimeS?: number;
  readonly timeoutS?: number;
  readonly maxLogSizeBytes?: number;
  /** Of one build; who keeps to it is said by `keepsMemoryLimit`. */
  readonly maxMemoryBytes?: number;
  readonly keepFailed?: boolean;
  readonly keepGoing?: boolean;
  readonly cores?: number;
  /** 0: its client wants nothing built on the machine that it speaks to, if others can. */
  readonly maxJobs?: number;
  /** To whom a daemon may send builds on; "" for nobody. */
  readonly builders?: string;
  readonly useSubstitutes?: boolean;
  readonly fallback?: boolean;
  readonly verbosity?: number;
}

export interface RealiseOptions {
  readonly mode: BuildMode;
  readonly settings: BuildSettings;
  /** Aborting it kills the build. */
  readonly signal: AbortSignal;
  readonly log: LogSink;
}

/** What holds for all builds of a lane. */
export type LaneOptions = Omit<RealiseOptions, "log">;

/** What is missing before paths can be had. Sizes in bytes. */
export interface MissingPaths {
  readonly willBuild: readonly StorePath[];
  readonly willSubstitute: readonly StorePath[];
  readonly unknown: readonly StorePath[];
  readonly downloadSize: number;
  readonly narSize: number;
}

/** The building half of a store: a local one with a sandbox, or a remote one over its protocol. */
export interface Realiser {
  /** Builds one derivation whose inputs are in the store already. A failed build is a result, not an exception. */
  buildDerivation(
    drvPath: StorePath,
    derivation: BasicDerivation,
    options: RealiseOptions,
  ): Promise<BuildResult>;
  /** Makes paths valid, building whole graphs of derivations that are in the store. */
  buildPaths(paths: readonly DerivedPath[], options: RealiseOptions): Promise<KeyedBuildResult[]>;
  queryMissing(paths: readonly DerivedPath[]): Promise<MissingPaths>;
  /** Undefined where many builds are best asked for in one request, and where there is no connection to spare. */
  openLane?(options: LaneOptions): Promise<BuildLane | undefined>;
  /** Whether a build may be held to so much memory, in bytes: only Elsewhere's own builders know such a limit. Where absent they do. */
  keepsMemoryLimit?(bytes: number): Promise<boolean>;
}
