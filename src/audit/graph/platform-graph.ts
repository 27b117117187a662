import { IntList } from "#nix/graph/int-list.ts";
import { detach, Interner } from "#nix/graph/interner.ts";
import { Spans } from "#nix/graph/spans.ts";
import { type AdjacencyLists, orderTopologically, reverseEdges } from "#nix/graph/topology.ts";
import { nameOf, parseStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { kinship, type Platform, parsePlatform } from "../platform.ts";
import type { DerivationFacts } from "./derivation-facts.ts";

/** Derivations, or store paths, as an audit needs them, by small numbers: who needs whom, and what is for which platform. */
export class PlatformGraph {
  readonly storeDir: StoreDir;
  /** Full paths, as derivations name them. */
  readonly #paths = new Interner();
  readonly #texts = new Interner();
  readonly #lists = new Interner();
  readonly #system = new IntList();
  readonly #target = new IntList();
  readonly #isFixed = new IntList();
  readonly #inputs = new Spans(2);
  /** Builders that lie outside the store, by node. */
  readonly #hostBuilders = new Map<number, string>();
  readonly #builtin = this.#texts.idOf("builtin");
  #foreignCross = 0;
  #dependants: AdjacencyLists | undefined;

  constructor(storeDir: StoreDir) {
    this.storeDir = storeDir;
  }

  get size(): number {
    return this.#paths.size;
  }

  /** The node of a derivation by its full path, which is looked at when it is first named. */
  nodeAt(text: string): number {
    const known = this.#paths.find(text);
    if (known !== undefined) return known;
    parseStorePath(this.storeDir, text);
    return this.#paths.idOf(text);
  }

  /** Says what a node's derivation is; once for each. */
  add(id: number, { system, target, builder, isFixed, inputs }: DerivationFacts): void {
    if (this.has(id)) return;
    this.#dependants = undefined;
    this.#system.set(id, this.#texts.idOf(system));
    this.#target.set(id, this.#texts.idOf(target?.text ?? system));
    if (this.isForeignCross(id)) this.#foreignCross++;
    this.#isFixed.set(id, isFixed ? 1 : 0);
    if (builder.startsWith("/") && !builder.startsWith(`${this.storeDir}/`))
      this.#hostBuilders.set(id, detach(builder));
    this.#inputs.begin(id);
    for (const [input, { outputs, dynamic }] of inputs) {
      const wanted = dynamic.size === 0 ? outputs : [...new Set([...outputs, ...dynamic.keys()])].sort();
      const list = wanted.length === 1 ? wanted[0]! : wanted.join("\0");
      this.#inputs.push(this.nodeAt(input), this.#lists.idOf(list));
    }
    this.#inputs.end(id);
  }

  /** Whether the node's derivation was added; else it is only named as an input. */
  has(id: number): boolean {
    return this.#system.length > id && this.#system.at(id) >= 0;
  }

  pathOf(id: number): StorePath {
    return this.#paths.textOf(id).slice(this.storeDir.length + 1) as StorePath;
  }

  /** Without `.drv`. */
  nameOf(id: number): string {
    return nameOf(this.pathOf(id)).replace(/\.drv$/, "");
  }

  /** What builds it. */
  systemOf(id: number): Platform {
    return parsePlatform(this.#texts.textOf(this.#system.at(id)));
  }

  /** Whether the same system builds both. */
  sharesSystem(a: number, b: number): boolean {
    return this.#system.at(a) === this.#system.at(b);
  }

  /** What its outputs are for. */
  targetOf(id: number): Platform {
    return parsePlatform(this.#texts.textOf(this.#target.at(id)));
  }

  isCross(id: number): boolean {
    return this.#system.at(id) !== this.#target.at(id);
  }

  /** Whether its output is known by its hash, so that it is the same whatever makes it. */
  isFixed(id: number): boolean {
    return this.#isFixed.at(id) === 1;
  }

  isBuiltin(id: number): boolean {
    return this.#system.at(id) === this.#builtin;
  }

  /** Whether it is compiled for a processor that cannot run on the machine that compiles it. */
  isForeignCross(id: number): boolean {
    return this.isCross(id) && kinship(this.systemOf(id), this.targetOf(id)) === "foreign-cpu";
  }

  /** Whether any derivation is. */
  get hasForeignCross(): boolean {
    return this.#foreignCross > 0;
  }

  hostBuilders(): ReadonlyMap<number, string> {
    return this.#hostBuilders;
  }

  eachInput(id: number, visit: (input: number, outputs: number) => void): void {
    this.#inputs.forEach(id, visit);
  }

  /** The output names that `eachInput` told the number of. */
  outputNames(list: number): readonly string[] {
    const text = this.#lists.textOf(list);
    return text === "" ? [] : text.split("\0");
  }

  inputCount(id: number): number {
    return this.#inputs.countOf(id);
  }

  dependantsOf(id: number): Int32Array {
    this.#dependants ??= reverseEdges(this.size, (node, visit) => this.#inputs.forEach(node, visit));
    return this.#dependants.items.subarray(this.#dependants.starts[id]!, this.#dependants.starts[id + 1]!);
  }

  /** Inputs before what needs them; nodes on a cycle are left out. */
  topologicalOrder(): Int32Array {
    return orderTopologically({
      size: this.size,
      inputCount: (id) => this.#inputs.countOf(id),
      dependantsOf: (id) => this.dependantsOf(id),
    });
  }

  /** Derivations for each system, the most numerous first. */
  systemCounts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (let id = 0; id < this.size; id++) {
      if (!this.has(id)) continue;
      const system = this.systemOf(id).text;
      counts.set(system, (counts.get(system) ?? 0) + 1);
    }
    return new Map([...counts].sort(([, a], [, b]) => b - a));
  }
}
