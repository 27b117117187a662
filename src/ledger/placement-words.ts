import { describeObstacle } from "#build/engine/reason/obstacle-words.ts";
import type { BuilderVerdict, Obstacle } from "#schedule/reason.ts";
import type { Placement } from "./record.ts";

/** Why the builders that were not chosen were not, by name. */
export function reasonsOf({ score, others, faults }: Placement): Map<string, string> {
  return new Map([
    ...Array.from(faults, ([builder, fault]) => [builder, firstLine(fault)] as const),
    ...others.map(
      (verdict) => [verdict.builder, reasonOf(verdict, { chosenMs: score.totalMs, faults })] as const,
    ),
  ]);
}

function reasonOf(
  { builder, obstacle, score }: BuilderVerdict,
  { chosenMs, faults }: { chosenMs: number; faults: ReadonlyMap<string, string> },
): string {
  if (obstacle) return obstacleReason(builder, obstacle, faults);
  return score === undefined
    ? "it was not asked"
    : `it would have been done ${laterBy(score.totalMs - chosenMs)}`;
}

/** Why a builder cannot take a build; where it is down, in the words of what went wrong. */
export function obstacleReason(
  builder: string,
  obstacle: Obstacle,
  faults: ReadonlyMap<string, string>,
): string {
  const fault = obstacle.kind === "down" ? faults.get(builder) : undefined;
  return fault === undefined ? describeObstacle(obstacle) : firstLine(fault);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

function laterBy(ms: number): string {
  return ms > 0 ? `${(ms / 1000).toFixed(1)} s later` : "no sooner";
}
