import { setImmediate } from "node:timers/promises";
import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { nameOf, printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { tripleIn } from "./cross-target.ts";
import { derivationFactsOf, readDerivationFacts } from "./derivation-facts.ts";
import type { DetailReader } from "./derivation-roles.ts";
import { PlatformGraph } from "./platform-graph.ts";

/** A graph to audit: where to begin, and how to read more of it. */
export interface LoadedGraph {
  readonly graph: PlatformGraph;
  /** Nodes. */
  readonly roots: readonly number[];
  readonly read: DetailReader;
}

/** Gives the contents of a `.drv`; undefined where it is not there. */
export type ContentsReader = (path: StorePath) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** Reads the derivations of a graph, no more of each than an audit needs. Lets other work run between. */
export async function loadPlatformGraph(
  storeDir: StoreDir,
  roots: Iterable<StorePath>,
  contentsOf: ContentsReader,
): Promise<LoadedGraph> {
  const graph = new PlatformGraph(storeDir);
  const rootNodes = [...roots].map((root) => graph.nodeAt(printStorePath(storeDir, root)));
  // Nodes are numbered as they are first named, so that the graph is its own queue.
  for (let id = 0; id < graph.size; id++) {
    const path = graph.pathOf(id);
    const found = contentsOf(path);
    const contents = found instanceof Promise ? await found : found;
    if (!contents) throw missing(path, graph, id);
    graph.add(id, readDerivationFacts(path, contents));
    if ((id + 1) % DERIVATIONS_PER_TURN === 0) await setImmediate();
  }
  const read = async (path: StorePath): Promise<Derivation> => {
    const contents = await contentsOf(path);
    if (!contents) throw missing(path);
    return parseDerivation(storeDir, contents, nameOf(path).replace(/\.drv$/, ""));
  };
  return { graph, roots: rootNodes, read };
}

/** A graph of derivations that were read before. */
export function platformGraphOf(
  storeDir: StoreDir,
  roots: Iterable<StorePath>,
  derivations: ReadonlyMap<StorePath, Derivation>,
): LoadedGraph {
  const graph = new PlatformGraph(storeDir);
  const nodeOf = (path: StorePath) => graph.nodeAt(printStorePath(storeDir, path));
  // Environments may have to be read from the disk again, and tell nothing where nothing is cross compiled.
  const environment = [...derivations.values()].some(({ name }) => tripleIn(name) !== undefined);
  for (const [path, derivation] of derivations)
    graph.add(nodeOf(path), derivationFactsOf(storeDir, derivation, { environment }));
  const read = (path: StorePath): Derivation => {
    const derivation = derivations.get(path);
    if (!derivation) throw missing(path);
    return derivation;
  };
  return { graph, roots: [...roots].map(nodeOf), read };
}

function missing(path: StorePath, graph?: PlatformGraph, id = -1): ElsewhereError {
  const wantedBy = graph?.dependantsOf(id)[0];
  const why = wantedBy === undefined ? "" : `, which '${graph!.pathOf(wantedBy)}' needs`;
  return new ElsewhereError("DERIVATION_MISSING", `Cannot find derivation '${path}'${why}`, {
    hint: "a derivation comes with all its inputs: copy them with 'nix copy --derivation', or put their .drv files beside it",
  });
}

/** After this many derivations other work gets a turn. */
const DERIVATIONS_PER_TURN = 512;
