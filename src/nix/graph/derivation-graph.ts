import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "../derivation.ts";
import { requiredFeatures } from "../derivation-options.ts";
import { staticOutputPaths } from "../derivation-output.ts";
import { type DerivationType, derivationType } from "../derivation-type.ts";
import { derivationOptions } from "../read-derivation-options.ts";
import { nameOf, type StoreDir, type StorePath } from "../store-path.ts";
import { IntList } from "./int-list.ts";
import { detach, Interner } from "./interner.ts";
import { Spans } from "./spans.ts";
import { type AdjacencyLists, orderTopologically, reverseEdges } from "./topology.ts";

/** An input of a node: another node, and the outputs that are wanted of it. */
export interface GraphInput {
  readonly id: number;
  readonly outputs: readonly string[];
}

/**
 * The derivations of a closure as scheduling needs them: no environments, texts kept once, edges in typed arrays
 * (a process that loads 150,000 derivations peaks at some 350 MB). Nodes are numbered in the order in which they are first named.
 */
export class DerivationGraph {
  readonly storeDir: StoreDir;
  readonly #paths = new Interner<StorePath>();
  readonly #sources = new Interner<StorePath>();
  readonly #texts = new Interner();
  readonly #lists = new Interner();
  readonly #system = new IntList();
  readonly #features = new IntList();
  readonly #traits = new IntList();
  readonly #spans = { outputs: new Spans(2), inputs: new Spans(2), sources: new Spans(1) };
  readonly #outputPaths: (StorePath | undefined)[] = [];
  readonly #faults = new Map<number, ElsewhereError>();
  #dependants: AdjacencyLists | undefined;

  constructor(storeDir: StoreDir) {
    this.storeDir = storeDir;
  }

  /** Nodes, with those that are only named as inputs so far. */
  get size(): number {
    return this.#paths.size;
  }

  /** Edges between nodes. */
  get edgeCount(): number {
    return this.#spans.inputs.total;
  }

  /** Adds a derivation, in any order; returns its node. What its options have wrong is kept as the node's fault. */
  add(drvPath: StorePath, drv: Derivation): number {
    const id = this.#paths.idOf(drvPath);
    if (this.has(id)) return id;
    this.#dependants = undefined;
    this.#system.set(id, this.#texts.idOf(drv.system));
    this.#traits.set(id, TYPES.indexOf(derivationType(drv)));
    this.#features.set(id, this.#listId([]));
    this.#addOptions(id, drv);
    this.#addOutputs(id, drv);
    this.#addInputs(id, drv);
    return id;
  }

  /** Whether the node's derivation has been added. */
  has(id: number): boolean {
    return this.#system.length > id && this.#system.at(id) >= 0;
  }

  find(drvPath: StorePath): number | undefined {
    return this.#paths.find(drvPath);
  }

  pathOf(id: number): StorePath {
    return this.#paths.textOf(id);
  }

  /** Name of the derivation, without `.drv`. */
  nameOf(id: number): string {
    return nameOf(this.pathOf(id)).slice(0, -".drv".length);
  }

  systemOf(id: number): string {
    return this.#texts.textOf(this.#system.at(id));
  }

  typeOf(id: number): DerivationType {
    return TYPES[this.#traits.at(id) & TYPE_MASK]!;
  }

  /** Features that a builder must have, sorted. */
  featuresOf(id: number): readonly string[] {
    return this.#listOf(this.#features.at(id));
  }

  prefersLocalBuild(id: number): boolean {
    return (this.#traits.at(id) & PREFERS_LOCAL_BUILD) !== 0;
  }

  allowsSubstitutes(id: number): boolean {
    return (this.#traits.at(id) & REFUSES_SUBSTITUTES) === 0;
  }

  /** What is wrong with the derivation's options: it cannot be built. */
  faultOf(id: number): ElsewhereError | undefined {
    return this.#faults.get(id);
  }

  /** Output paths by name; undefined where only a build can tell. */
  outputsOf(id: number): Map<string, StorePath | undefined> {
    const outputs = new Map<string, StorePath | undefined>();
    this.#spans.outputs.forEach(id, (name, path) => {
      outputs.set(this.#texts.textOf(name), this.#outputPaths[path]);
    });
    return outputs;
  }

  inputsOf(id: number): GraphInput[] {
    const inputs: GraphInput[] = [];
    this.#spans.inputs.forEach(id, (input, outputs) => {
      inputs.push({ id: input, outputs: this.#listOf(outputs) });
    });
    return inputs;
  }

  sourcesOf(id: number): StorePath[] {
    const sources: StorePath[] = [];
    this.#spans.sources.forEach(id, (source) => {
      sources.push(this.#sources.textOf(source));
    });
    return sources;
  }

  /** Nodes that have `id` as an input. Seen anew after the last `add`. */
  dependantsOf(id: number): Int32Array {
    this.#dependants ??= reverseEdges(this.size, (node, visit) => this.#eachInput(node, visit));
    return this.#dependants.items.subarray(this.#dependants.starts[id]!, this.#dependants.starts[id + 1]!);
  }

  /** All nodes, inputs before those that need them. Throws on a cycle. */
  topologicalOrder(): Int32Array {
    const order = orderTopologically({
      size: this.size,
      inputCount: (id) => this.#spans.inputs.countOf(id),
      dependantsOf: (id) => this.dependantsOf(id),
    });
    if (order.length === this.size) return order;
    const ordered = new Set(order);
    const stuck = Array.from({ length: this.size }, (_, id) => id).find((id) => !ordered.has(id))!;
    throw new ElsewhereError(
      "DERIVATION_CYCLE",
      `Cannot order derivations: '${this.pathOf(stuck)}' needs itself, by way of others`,
    );
  }

  /** Derivations that are named as inputs and were not added. */
  missing(): StorePath[] {
    const paths: StorePath[] = [];
    for (let id = 0; id < this.size; id++) if (!this.has(id)) paths.push(this.pathOf(id));
    return paths;
  }

  #eachInput(id: number, visit: (input: number) => void): void {
    this.#spans.inputs.forEach(id, visit);
  }

  #addOptions(id: number, drv: Derivation): void {
    try {
      const options = derivationOptions(this.storeDir, drv);
      const flags =
        (options.preferLocalBuild ? PREFERS_LOCAL_BUILD : 0) |
        (options.allowSubstitutes ? 0 : REFUSES_SUBSTITUTES);
      this.#traits.set(id, this.#traits.at(id) | flags);
      this.#features.set(id, this.#listId(requiredFeatures(drv, options)));
    } catch (error) {
      if (!(error instanceof ElsewhereError)) throw error;
      this.#faults.set(id, error);
    }
  }

  #addOutputs(id: number, drv: Derivation): void {
    this.#spans.outputs.begin(id);
    for (const [name, path] of staticOutputPaths(this.storeDir, drv))
      this.#spans.outputs.push(this.#texts.idOf(name), this.#outputPaths.push(path && detach(path)) - 1);
    this.#spans.outputs.end(id);
  }

  #addInputs(id: number, drv: Derivation): void {
    const { inputs, sources } = this.#spans;
    inputs.begin(id);
    for (const [path, { outputs, dynamic }] of drv.inputDerivations) {
      const wanted = dynamic.size === 0 ? outputs : [...new Set([...outputs, ...dynamic.keys()])].sort();
      inputs.push(this.#paths.idOf(path), this.#listId(wanted));
    }
    inputs.end(id);
    sources.begin(id);
    for (const source of drv.inputSources) sources.push(this.#sources.idOf(source));
    sources.end(id);
  }

  #listId(items: readonly string[]): number {
    return this.#lists.idOf(items.join("\0"));
  }

  #listOf(id: number): readonly string[] {
    const text = this.#lists.textOf(id);
    return text === "" ? [] : text.split("\0");
  }
}

const TYPES: readonly DerivationType[] = ["input-addressed", "fixed", "floating", "deferred", "impure"];
const TYPE_MASK = 0b111;
const PREFERS_LOCAL_BUILD = 1 << 3;
const REFUSES_SUBSTITUTES = 1 << 4;
