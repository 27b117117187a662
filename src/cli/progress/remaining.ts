import type { BuildNode } from "./build-graph.ts";
import type { Progress } from "./progress.ts";

/**
 * About how long the run will still take, in milliseconds: what is left to build, at the pace so far, and no less than
 * its longest chain. Undefined while there is nothing to go by.
 */
export function remainingMs(progress: Progress, nowMs: number): number | undefined {
  const { graph, built, startedMs } = progress;
  const left = graph.nodes.size - graph.counts.ended;
  if (startedMs === undefined || left === 0) return undefined;
  const meanMs = built.count >= BUILDS_TO_GO_BY ? built.ms / built.count : graph.meanEstimateMs;
  if (meanMs === undefined) return undefined;
  const elapsed = (node: BuildNode) => (node.stage === "building" ? Math.max(0, nowMs - node.sinceMs) : 0);
  const workOf = (node: BuildNode) => node.estimateMs ?? meanMs;
  let workMs = graph.estimated.ms + (left - graph.estimated.count) * meanMs;
  let busyMs = built.ms;
  let chainMs = 0;
  const look = (node: BuildNode) => {
    const doneMs = elapsed(node);
    busyMs += doneMs;
    workMs -= Math.min(doneMs, workOf(node));
    chainMs = Math.max(chainMs, Math.max(0, workOf(node) - doneMs) + node.height * meanMs);
  };
  for (const node of graph.active) look(node);
  for (const node of graph.ready) look(node);
  const pace = Math.max(1, busyMs / Math.max(1, nowMs - startedMs));
  return Math.max(workMs / pace, chainMs);
}

/** `about 2 m left`, in steps that do not pretend to know better. */
export function formatRemaining(ms: number): string {
  if (ms < 10_000) return "a few seconds left";
  if (ms < 55_000) return `about ${Math.ceil(ms / 10_000) * 10} s left`;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 60) return `about ${minutes} m left`;
  const tens = Math.ceil(minutes / 10) * 10;
  return `about ${Math.floor(tens / 60)} h ${String(tens % 60).padStart(2, "0")} m left`;
}

/** Builds of this run that make an average. */
const BUILDS_TO_GO_BY = 3;
