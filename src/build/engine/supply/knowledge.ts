import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { Whereabouts } from "../feed/whereabouts.ts";
import { type KnownOutputs, knownOutputsOf } from "../plan/known-outputs.ts";
import type { PlannedBuild, Wish } from "../plan/plan.ts";
import { inputOutputsOf } from "../plan/resolve.ts";
import type { Holder } from "../site/site.ts";
import { Realisations, takesRealisations } from "./realisations.ts";

export interface KnowledgeOptions {
  readonly graph: ReadonlyMap<StorePath, Derivation>;
  readonly wishes: readonly Wish[];
  /** Holds the `.drv` files and the sources of the graph. */
  readonly drvStore: Holder;
  readonly destination: Holder;
}

/** What is known of a graph's outputs in one run: their paths, and which stores hold them. */
export class Knowledge {
  readonly whereabouts = new Whereabouts();
  readonly realisations: Realisations;
  readonly #options: KnowledgeOptions;
  readonly #outputs = new Map<StorePath, Map<string, StorePath>>();
  readonly #wishedNames: ReadonlyMap<StorePath, readonly string[]>;

  constructor(options: KnowledgeOptions) {
    this.#options = options;
    const { graph, wishes, destination } = options;
    this.#wishedNames = new Map(wishes.map(({ drvPath, outputs }) => [drvPath, outputs]));
    for (const [drvPath, derivation] of graph)
      this.#outputs.set(drvPath, knownOutputsOf(derivation, destination.store.storeDir));
    this.realisations = new Realisations(destination.store, graph);
  }

  readonly outputsOf = (drvPath: StorePath): KnownOutputs => this.#outputs.get(drvPath) ?? NOTHING;

  /** Paths of the outputs that a build takes, as far as they are known. */
  inputsOf({ derivation }: PlannedBuild): StorePath[] {
    return inputOutputsOf(derivation, this.outputsOf);
  }

  /** Whether what a build made is in some store, all of it. */
  isKept({ drvPath, outputs }: PlannedBuild): boolean {
    const paths = outputs.flatMap((name) => this.outputsOf(drvPath).get(name) ?? []);
    return paths.every((path) => this.whereabouts.find(path));
  }

  /** Takes note of what the outputs of a build turned out to be. */
  learn(drvPath: StorePath, outputs: ReadonlyMap<string, StorePath>): void {
    this.#outputs.set(drvPath, new Map(outputs));
    this.realisations.expect(drvPath, outputs);
  }

  /** Paths that were asked for, as far as they are known. */
  wishedPaths(): StorePath[] {
    return this.#options.wishes.flatMap(({ drvPath, outputs }) =>
      outputs.flatMap((name) => this.outputsOf(drvPath).get(name) ?? []),
    );
  }

  wishedPathsOf(drvPath: StorePath): StorePath[] {
    const names = this.#wishedNames.get(drvPath) ?? [];
    return names.flatMap((name) => this.outputsOf(drvPath).get(name) ?? []);
  }

  /** Asks the near stores what exists: one query each. */
  async survey(): Promise<void> {
    const { graph, destination, drvStore } = this.#options;
    await this.#recallRealisations();
    await this.#ask(destination, this.#allOutputs());
    const sources = [...graph.values()].flatMap(({ inputSources }) => inputSources);
    await this.#ask(drvStore, new Set([...graph.keys(), ...sources]));
    if (drvStore !== destination) {
      await this.#ask(destination, new Set(sources));
      await this.#ask(drvStore, this.#allOutputs());
    }
  }

  /** Asks a builder which of the outputs it has. */
  async surveyBuilder(holder: Holder): Promise<void> {
    await this.#ask(holder, this.#allOutputs());
  }

  async #ask(holder: Holder, paths: Set<StorePath>): Promise<void> {
    if (paths.size > 0) this.whereabouts.add(holder, await holder.store.queryValidPaths(paths));
  }

  #allOutputs(): Set<StorePath> {
    return new Set([...this.#outputs.values()].flatMap((outputs) => [...outputs.values()]));
  }

  /** Outputs whose path is not in the derivation may have been realised before. */
  async #recallRealisations(): Promise<void> {
    const { store } = this.#options.destination;
    if (!takesRealisations(store)) return;
    const unknown = [...this.#options.graph].filter(
      ([drvPath, { outputs }]) => this.outputsOf(drvPath).size < outputs.size,
    );
    if (unknown.length === 0) return;
    const held = await store.queryValidPaths(unknown.map(([drvPath]) => drvPath));
    for (const [drvPath] of unknown) {
      const known = this.#outputs.get(drvPath)!;
      for (const [name, path] of await this.realisations.recall(drvPath)) known.set(name, path);
      if (held.has(drvPath))
        for (const [name, path] of await store.queryDerivationOutputMap(drvPath))
          if (path) known.set(name, path);
      this.realisations.expect(drvPath, known);
    }
  }
}

const NOTHING: KnownOutputs = new Map();
