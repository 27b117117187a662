/**
 * What speaks for and against running a build on a builder, all as milliseconds until its end: the smallest `totalMs` is
 * the best. The parts add up to it.
 */
export interface Score {
  readonly totalMs: number;
  /** The build itself, at the speed of this builder. */
  readonly durationMs: number;
  /** To bring the inputs that are missing there. */
  readonly transferMs: number;
  /** For the builds that run there already. */
  readonly loadMs: number;
  /** For this machine: much less than 0 for a build that prefers it, much more for any other. */
  readonly localMs: number;
  /** What the parts were reckoned from. */
  readonly speed: number;
  readonly emulated: boolean;
  readonly missingBytes: number;
  readonly running: number;
  readonly slots: number;
  /** The longest chain of builds that begins with this one, at speed 1. */
  readonly criticalPathMs: number;
  readonly waitedMs: number;
}
