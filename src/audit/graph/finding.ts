import type { Rule, Severity } from "../rule.ts";
import type { Crossing } from "./crossing.ts";
import type { PlatformGraph } from "./platform-graph.ts";
import { Routes } from "./route.ts";
import { Spread } from "./spread.ts";

/** One mistake in a graph: what came in, and everywhere that takes it. */
export interface GraphFinding {
  readonly rule: Rule;
  readonly severity: Severity;
  /** What came in: nodes of the other platform. */
  readonly inputs: readonly number[];
  /** The edge to mend first: of those that no other leads to, the one that tells most. */
  readonly culprit: Crossing;
  /** Every edge, the culprit first, then those that no other leads to. */
  readonly crossings: readonly Crossing[];
  /** Nodes from a root to the culprit's consumer. */
  readonly route: readonly number[];
  /** Derivations that need one of the edges, by way of others or not. */
  readonly spoiled: number;
}

export interface FindingOptions {
  readonly roots: readonly number[];
  /** How well the name of a consumer tells a person what to change; more is better. */
  readonly tells: (crossing: Crossing) => number;
}

/** Puts the crossings that are no notes together to mistakes, the weightiest first. */
export function gatherFindings(
  graph: PlatformGraph,
  crossings: readonly Crossing[],
  { roots, tells }: FindingOptions,
): GraphFinding[] {
  const faults = crossings.filter(({ severity }) => severity !== "note");
  if (faults.length === 0) return [];
  const routes = new Routes(graph, roots);
  const spread = new Spread(graph);
  const findings = groups(graph, faults).map(({ isLone, group }): GraphFinding => {
    const consumers = new Set(group.map(({ consumer }) => consumer));
    const { first, spoiled } = spread.of(consumers);
    const rank = ({ consumer }: Crossing) => (first.has(consumer) ? 0 : 1);
    const ordered = [...group].sort(
      (a, b) =>
        rank(a) - rank(b) ||
        tells(b) - tells(a) ||
        routes.depthOf(b.consumer) - routes.depthOf(a.consumer) ||
        a.consumer - b.consumer ||
        a.input - b.input,
    );
    const culprit = ordered[0]!;
    return {
      rule: isLone ? "foreign-derivation" : culprit.rule,
      severity: group.some(({ severity }) => severity === "error") ? "error" : "warning",
      inputs: [...new Set(ordered.map(({ input }) => input))],
      culprit,
      crossings: ordered,
      route: routes.to(culprit.consumer),
      spoiled,
    };
  });
  const weight = (one: GraphFinding) => (one.severity === "error" ? 1 : 0);
  return findings.sort(
    (a, b) => weight(b) - weight(a) || b.spoiled - a.spoiled || a.inputs[0]! - b.inputs[0]!,
  );
}

/** Crossings of one mistake: of one input, or of several that the same derivations take. */
function groups(graph: PlatformGraph, faults: readonly Crossing[]): Group[] {
  const lone = loneNodes(graph, faults);
  const byNode = new Map<number, Crossing[]>();
  for (const fault of faults) {
    // One derivation among others that says another system has a fault on each of its edges.
    const key = lone.has(fault.consumer) ? fault.consumer : fault.input;
    const group = byNode.get(key);
    if (group) group.push(fault);
    else byNode.set(key, [fault]);
  }
  const merged = new Map<string, Group>();
  for (const [node, group] of byNode) {
    const isLone = lone.has(node);
    const consumers = [...new Set(group.map(({ consumer }) => consumer))].sort((a, b) => a - b);
    const key = isLone ? `lone ${node}` : `${consumers.join()} ${graph.targetOf(node).text}`;
    merged.set(key, { isLone, group: [...(merged.get(key)?.group ?? []), ...group] });
  }
  return [...merged.values()];
}

interface Group {
  readonly group: readonly Crossing[];
  /** It is about one derivation that is of another platform than all around it. */
  readonly isLone: boolean;
}

/** Nodes that take nothing of their own platform but crossings, and are themselves taken across. */
function loneNodes(graph: PlatformGraph, faults: readonly Crossing[]): Set<number> {
  const taken = new Set(faults.map(({ input }) => input));
  const lone = new Set<number>();
  for (const { consumer } of faults) {
    if (!taken.has(consumer) || lone.has(consumer)) continue;
    let own = false;
    graph.eachInput(consumer, (input) => {
      own ||= graph.has(input) && !graph.isFixed(input) && graph.sharesSystem(input, consumer);
    });
    if (!own) lone.add(consumer);
  }
  return lone;
}
