import type { Derivation } from "#nix/derivation.ts";
import { realisationHash } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import type { DrvOutput } from "#nix/realisation.ts";
import { formatDrvOutput } from "#nix/realisation-text.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { QueryableStore, Store } from "#store/store.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";

/**
 * What stores know of the outputs whose path only a build tells. As Nix does where it copies realised paths, each store is told
 * what its paths were realised from. One that keeps no realisations, or takes none from us, costs a build again at most:
 * what it refuses is no error.
 */
export class Realisations {
  readonly #destination: Store & Partial<QueryableStore>;
  readonly #graph: ReadonlyMap<StorePath, Derivation>;
  readonly #hasher: DerivationHasher;
  /** The outputs that were built as a path: equal contents may be those of several. */
  readonly #outputs = new Map<StorePath, Map<string, DrvOutput>>();
  /** What each store has been told, by the printed outputs. */
  readonly #told = new Map<Store, Map<string, Promise<void>>>();

  constructor(destination: Store, graph: ReadonlyMap<StorePath, Derivation>) {
    this.#destination = destination;
    this.#graph = graph;
    this.#hasher = new DerivationHasher(destination.storeDir, (path) => graph.get(path));
  }

  /** The paths that outputs of a derivation were realised as before. */
  async recall(drvPath: StorePath): Promise<KnownOutputs> {
    const found = new Map<string, StorePath>();
    const { outputs } = this.#graph.get(drvPath)!;
    if (!takesRealisations(this.#destination)) return found;
    try {
      for (const outputName of outputs.keys()) {
        const known = await this.#destination.queryRealisation(this.#idOf(drvPath, outputName));
        if (known) found.set(outputName, known.outPath);
      }
    } catch {
      // It keeps none, or not with its present settings.
    }
    return found;
  }

  /** Takes note of what outputs turned out to be. */
  expect(drvPath: StorePath, outputs: KnownOutputs): void {
    const kinds = this.#graph.get(drvPath)!.outputs;
    for (const [name, path] of outputs) {
      if (!BUILDS_TELL.has(kinds.get(name)?.kind ?? "")) continue;
      const id = this.#idOf(drvPath, name);
      const known = this.#outputs.get(path) ?? new Map<string, DrvOutput>();
      this.#outputs.set(path, known.set(formatDrvOutput(id), id));
    }
  }

  /** Has the destination keep what is known of paths that are valid there now. */
  async arrived(paths: readonly StorePath[]): Promise<void> {
    await this.tell(this.#destination, paths);
  }

  /** Has a store keep what is known of paths that are valid there now; once, whoever asks for it. */
  async tell(store: Store, paths: readonly StorePath[]): Promise<void> {
    if (!takesRealisations(store)) return;
    const told = this.#told.get(store) ?? new Map<string, Promise<void>>();
    this.#told.set(store, told);
    const telling = paths.flatMap((outPath) =>
      Array.from(this.#outputs.get(outPath) ?? [], ([printed, id]) => {
        const known = told.get(printed) ?? register(store, id, outPath);
        told.set(printed, known);
        return known;
      }),
    );
    await Promise.all(telling);
  }

  #idOf(drvPath: StorePath, outputName: string): DrvOutput {
    const { storeDir } = this.#destination;
    return {
      drvHash: realisationHash(storeDir, this.#graph.get(drvPath)!, this.#hasher.hashOf),
      outputName,
    };
  }
}

/** A store that can also be told which path a derivation output turned out to be. */
export function takesRealisations(store: object): store is QueryableStore {
  return typeof (store as Partial<QueryableStore>).registerRealisation === "function";
}

async function register(store: QueryableStore, id: DrvOutput, outPath: StorePath): Promise<void> {
  try {
    await store.registerRealisation({ id, outPath, signatures: [], dependentRealisations: new Map() });
  } catch {
    // The output is there all the same; the next run asks a builder what it is.
  }
}

const BUILDS_TELL: ReadonlySet<string> = new Set(["floating", "deferred"]);
