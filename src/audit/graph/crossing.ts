import { kinship } from "../platform.ts";
import type { Rule, Severity } from "../rule.ts";
import { effectiveTargets } from "./effective-target.ts";
import { judge, type Side } from "./judge.ts";
import type { PlatformGraph } from "./platform-graph.ts";
import type { RoleFound } from "./role.ts";

/** An edge of a graph where something of one platform takes something of another, and what that means. */
export interface Crossing extends Taken, RoleFound {
  /** Nodes, as is `input`. */
  readonly consumer: number;
  readonly rule: Rule;
  readonly severity: Severity;
}

/** An input, with the outputs that are wanted of it. */
export interface Taken {
  readonly input: number;
  readonly outputs: readonly string[];
}

/** Tells what a node wants of each of some inputs, in their order. */
export type RoleTeller = (consumer: number, taken: readonly Taken[]) => Promise<readonly RoleFound[]>;

/** Every crossing between systems in a graph, judged. `roots` are the nodes that were asked for. */
export async function findCrossings(
  graph: PlatformGraph,
  { roots, roles }: { roots: readonly number[]; roles: RoleTeller },
): Promise<Crossing[]> {
  const crossings: Crossing[] = [];
  const sides = new Sides(graph);
  for (let consumer = 0; consumer < graph.size; consumer++) {
    const foreign = sides.foreignInputs(consumer);
    if (foreign.length === 0) continue;
    const found = await roles(consumer, foreign);
    for (const [index, taken] of foreign.entries()) {
      const { input } = taken;
      const role = found[index]!;
      const runsBoth = roots.every((root) => sides.runsBoth(root, consumer, input));
      const judgement = graph.isFixed(input)
        ? ({ rule: "fixed-output", severity: "note" } as const)
        : judge(sides.of(consumer), sides.of(input), { role: role.role, runsBoth });
      crossings.push({ consumer, ...taken, ...role, ...judgement });
    }
  }
  return crossings;
}

class Sides {
  readonly #graph: PlatformGraph;
  readonly #targetOf: ReturnType<typeof effectiveTargets>;

  constructor(graph: PlatformGraph) {
    this.#graph = graph;
    this.#targetOf = effectiveTargets(graph);
  }

  of(id: number): Side {
    const graph = this.#graph;
    const target = this.#targetOf(id);
    return { name: graph.nameOf(id), target, system: graph.isBuiltin(id) ? target : graph.systemOf(id) };
  }

  /** Inputs that another system builds. What any machine can do by itself is of none. */
  foreignInputs(consumer: number): Taken[] {
    const graph = this.#graph;
    if (!graph.has(consumer)) return [];
    const found: Taken[] = [];
    const own = this.#systemOf(consumer);
    if (own === undefined) return [];
    graph.eachInput(consumer, (input, list) => {
      if (!graph.has(input) || (graph.sharesSystem(consumer, input) && !graph.isBuiltin(input))) return;
      const other = this.#systemOf(input);
      if (other !== undefined && other !== own) found.push({ input, outputs: graph.outputNames(list) });
    });
    return found;
  }

  runsBoth(root: number, consumer: number, input: number): boolean {
    const machine = this.#targetOf(root);
    return [consumer, input].every((id) => {
      const kin = kinship(machine, this.#targetOf(id));
      return kin === "same" || kin === "native";
    });
  }

  #systemOf(id: number): string | undefined {
    const graph = this.#graph;
    if (!graph.isBuiltin(id)) return graph.systemOf(id).text;
    const { text } = this.#targetOf(id);
    return graph.isFixed(id) || text === "builtin" ? undefined : text;
  }
}
