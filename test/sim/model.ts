import { nameWithoutVersion } from "#schedule/estimate.ts";
import type { BuildTask, StoredPath } from "#schedule/schedule.ts";
import { chance, logNormal } from "./chance.ts";

/** What is needed to make a task up. */
export interface SketchedTask {
  readonly id: string;
  /** With its version. */
  readonly name: string;
  readonly system: string;
  readonly features: readonly string[];
  readonly preferLocal: boolean;
  readonly isFetch: boolean;
  readonly needs: readonly string[];
  readonly sources: readonly StoredPath[];
}

/** What a build really takes, which the scheduler can only guess. */
export interface Truth {
  /** On a builder of speed 1. */
  readonly durationMs: number;
  readonly memoryBytes: number;
  readonly outputBytes: number;
}

/** How well durations are foreseen: `history` within a factor of about 1.3, for most; `none` not at all. */
export type Foresight = "exact" | "history" | "none";

/**
 * The truth of a task, by its name and the seed. Fetches: 3 s and 2 MB at the median. Small files: half a second and 10 kB.
 * Builds: 20 s, 1 MB, spread so that one in twenty takes longer than 4 minutes; compilers, kernels and browsers take 5 to 60 minutes.
 */
export function truthOf({ name, isFetch, preferLocal }: SketchedTask, seed: number): Truth {
  const plain = nameWithoutVersion(name);
  if (isFetch)
    return {
      durationMs: logNormal({ median: 3000, spread: 0.8, max: 60_000 }, seed, name),
      memoryBytes: 32 * MB,
      outputBytes: logNormal({ median: 2 * MB, spread: 1.5, max: 1000 * MB }, seed, name, "size"),
    };
  if (preferLocal)
    return {
      durationMs: logNormal({ median: 500, spread: 0.6, max: 20_000 }, seed, name),
      memoryBytes: 16 * MB,
      outputBytes: logNormal({ median: 10_000, spread: 1.5, max: 10 * MB }, seed, name, "size"),
    };
  const isHeavy = HEAVY.test(plain);
  const times = isHeavy
    ? { median: 900_000, spread: 0.7, max: 3_600_000 }
    : { median: 20_000, spread: 1.5, max: 1_200_000 };
  const memory = isHeavy ? 2000 * MB : 200 * MB;
  const size = isHeavy ? 150 * MB : MB;
  return {
    durationMs: logNormal(times, seed, name),
    memoryBytes: logNormal({ median: memory, spread: 0.7, max: 12_000 * MB }, seed, name, "memory"),
    outputBytes: logNormal({ median: size, spread: 1.8, max: 1500 * MB }, seed, name, "size"),
  };
}

/** The task as the scheduler is told of it. */
export function tell(
  sketch: SketchedTask,
  truth: Truth,
  how: { seed: number; foresight: Foresight },
): BuildTask {
  const { id, name, system, features, preferLocal, needs, sources: inputs } = sketch;
  const error =
    how.foresight === "exact" ? 1 : logNormal({ median: 1, spread: 0.25, max: 4 }, how.seed, name, "error");
  const isKnown = how.foresight !== "none" && chance(how.seed, name, "known") < KNOWN_SHARE;
  const estimate =
    isKnown || how.foresight === "exact"
      ? { ...truth, durationMs: truth.durationMs * error, basis: "history" as const }
      : { durationMs: 30_000, memoryBytes: 0, outputBytes: 4 * MB, basis: "default" as const };
  return { id, requirement: { system, features, preferLocal }, needs, inputs, estimate };
}

const MB = 1_000_000;
const KNOWN_SHARE = 0.95;
const HEAVY =
  /^(gcc|llvm|clang|rustc|ghc|linux|firefox|webkitgtk|chromium|qtbase|boost|openjdk|nodejs|wine|mesa|hydra)/;
