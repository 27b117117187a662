import type { Derivation } from "#nix/derivation.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import { DownstreamPlaceholder } from "#nix/placeholder.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { kinship } from "../platform.ts";
import type { Rule, Severity } from "../rule.ts";
import { crossLeaks } from "./cross-leak.ts";
import { effectiveTargets } from "./effective-target.ts";
import { judge, type Side } from "./judge.ts";
import type { PlatformGraph } from "./platform-graph.ts";
import { type Role, RoleFinder } from "./role.ts";

/** An edge of a graph where something of one platform takes something of another, and what that means. */
export interface Crossing {
  /** Nodes. */
  readonly consumer: number;
  readonly input: number;
  /** Output names that are wanted of the input. */
  readonly outputs: readonly string[];
  readonly role: Role;
  /** The attribute of the consumer that names the input, such as `buildInputs`. */
  readonly attribute: string | undefined;
  readonly rule: Rule;
  readonly severity: Severity;
}

/** Reads a derivation of the graph whole. */
export type DetailReader = (path: StorePath) => Derivation | Promise<Derivation>;

/** Every crossing of a graph, judged. `roots` are the nodes that were asked for. */
export async function findCrossings(
  graph: PlatformGraph,
  { roots, read }: { roots: readonly number[]; read: DetailReader },
): Promise<Crossing[]> {
  const crossings: Crossing[] = [];
  const sides = new Sides(graph);
  const paths = new OutputTexts(graph, read);
  for (let consumer = 0; consumer < graph.size; consumer++) {
    const foreign = sides.foreignInputs(consumer);
    if (foreign.length === 0) continue;
    const finder = new RoleFinder(await read(graph.pathOf(consumer)));
    for (const { input, outputs } of foreign) {
      const found = finder.find(await paths.of(input, outputs));
      const runsBoth = roots.every((root) => sides.runsBoth(root, consumer, input));
      const judgement = graph.isFixed(input)
        ? ({ rule: "fixed-output", severity: "note" } as const)
        : judge(sides.of(consumer), sides.of(input), { role: found.role, runsBoth });
      crossings.push({ consumer, input, outputs, ...found, ...judgement });
    }
  }
  if (graph.hasForeignCross) crossings.push(...(await crossLeaks(graph, read, paths)));
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
  foreignInputs(consumer: number): { input: number; outputs: readonly string[] }[] {
    const graph = this.#graph;
    if (!graph.has(consumer)) return [];
    const found: { input: number; outputs: readonly string[] }[] = [];
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
    return graph.isFixed(id) ? undefined : this.#targetOf(id).text;
  }
}

/** The texts by which an input's outputs stand in whatever takes them. */
export class OutputTexts {
  readonly #graph: PlatformGraph;
  readonly #read: DetailReader;
  readonly #known = new Map<number, ReadonlyMap<string, string>>();

  constructor(graph: PlatformGraph, read: DetailReader) {
    this.#graph = graph;
    this.#read = read;
  }

  async of(id: number, outputs: readonly string[]): Promise<string[]> {
    const known = this.#known.get(id) ?? (await this.#learn(id));
    return outputs.flatMap((name) => known.get(name) ?? []);
  }

  async #learn(id: number): Promise<ReadonlyMap<string, string>> {
    const { storeDir } = this.#graph;
    const drvPath = this.#graph.pathOf(id);
    const texts = new Map<string, string>();
    for (const [name, path] of staticOutputPaths(storeDir, await this.#read(drvPath)))
      texts.set(
        name,
        path ? printStorePath(storeDir, path) : DownstreamPlaceholder.ofOutput(drvPath, name).toString(),
      );
    this.#known.set(id, texts);
    return texts;
  }
}
