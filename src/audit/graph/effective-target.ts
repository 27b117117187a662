import { type Platform, parsePlatform } from "../platform.ts";
import type { PlatformGraph } from "./platform-graph.ts";

/**
 * What the outputs of each node are for. Where `builtin` makes something out of its inputs, such as an environment,
 * it is for what most of them are for.
 */
export function effectiveTargets(graph: PlatformGraph): (id: number) => Platform {
  const made = new Map<number, Platform>();
  const targetOf = (id: number) => made.get(id) ?? graph.targetOf(id);
  if (!hasBuiltEnvironments(graph)) return targetOf;
  for (const id of graph.topologicalOrder())
    if (graph.has(id) && isMadeOfInputs(graph, id)) made.set(id, majority(graph, id, targetOf) ?? BUILTIN);
  return targetOf;
}

function hasBuiltEnvironments(graph: PlatformGraph): boolean {
  for (let id = 0; id < graph.size; id++) if (graph.has(id) && isMadeOfInputs(graph, id)) return true;
  return false;
}

function isMadeOfInputs(graph: PlatformGraph, id: number): boolean {
  return graph.isBuiltin(id) && !graph.isFixed(id) && graph.inputCount(id) > 0;
}

function majority(
  graph: PlatformGraph,
  id: number,
  targetOf: (id: number) => Platform,
): Platform | undefined {
  const counts = new Map<string, number>();
  graph.eachInput(id, (input) => {
    if (!graph.has(input) || graph.isFixed(input)) return;
    const { text } = targetOf(input);
    if (text !== BUILTIN.text) counts.set(text, (counts.get(text) ?? 0) + 1);
  });
  const [best] = [...counts].sort(([, a], [, b]) => b - a);
  return best && parsePlatform(best[0]);
}

const BUILTIN = parsePlatform("builtin");
