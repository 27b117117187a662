import type { Derivation } from "#nix/derivation.ts";
import { realisationHash } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import type { DrvOutput } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { QueryableStore, Store } from "#store/store.ts";
import { takesRealisations } from "./attempt.ts";
import type { KnownOutputs } from "./site.ts";

/**
 * What the destination knows of the outputs whose path only a build tells. A store that keeps no realisations,
 * or takes none from us, costs a build again at most: what it refuses is no error.
 */
export class Realisations {
  readonly #store: Store & Partial<QueryableStore>;
  readonly #graph: ReadonlyMap<StorePath, Derivation>;
  readonly #hasher: DerivationHasher;
  /** Outputs by the path that they were built as, until it has arrived. */
  readonly #expected = new Map<StorePath, DrvOutput>();

  constructor(store: Store, graph: ReadonlyMap<StorePath, Derivation>) {
    this.#store = store;
    this.#graph = graph;
    this.#hasher = new DerivationHasher(store.storeDir, (path) => graph.get(path));
  }

  /** The paths that outputs of a derivation were realised as before. */
  async recall(drvPath: StorePath): Promise<KnownOutputs> {
    const found = new Map<string, StorePath>();
    const { outputs } = this.#graph.get(drvPath)!;
    if (!takesRealisations(this.#store)) return found;
    try {
      for (const outputName of outputs.keys()) {
        const known = await this.#store.queryRealisation(this.#idOf(drvPath, outputName));
        if (known) found.set(outputName, known.outPath);
      }
    } catch {
      // It keeps none, or not with its present settings.
    }
    return found;
  }

  /** Takes note of what outputs turned out to be, to be kept once they have arrived. */
  expect(drvPath: StorePath, outputs: KnownOutputs): void {
    const kinds = this.#graph.get(drvPath)!.outputs;
    for (const [name, path] of outputs)
      if (BUILDS_TELL.has(kinds.get(name)?.kind ?? "")) this.#expected.set(path, this.#idOf(drvPath, name));
  }

  /** Has the destination keep what is known of paths that are valid there now. */
  async arrived(paths: readonly StorePath[]): Promise<void> {
    if (!takesRealisations(this.#store)) return;
    for (const outPath of paths) {
      const id = this.#expected.get(outPath);
      if (!id) continue;
      this.#expected.delete(outPath);
      try {
        await this.#store.registerRealisation({
          id,
          outPath,
          signatures: [],
          dependentRealisations: new Map(),
        });
      } catch {
        // The output is there all the same; the next run asks a builder what it is.
      }
    }
  }

  #idOf(drvPath: StorePath, outputName: string): DrvOutput {
    const { storeDir } = this.#store;
    return {
      drvHash: realisationHash(storeDir, this.#graph.get(drvPath)!, this.#hasher.hashOf),
      outputName,
    };
  }
}

const BUILDS_TELL: ReadonlySet<string> = new Set(["floating", "deferred"]);
