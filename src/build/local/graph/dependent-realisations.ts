import { formatDrvOutput } from "#nix/realisation-text.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import type { DerivationGraph } from "./derivation-graph.ts";

/**
 * Those realisations of a derivation's inputs that an output of it refers to. Older clients copy them with
 * the output's own. Source: Nix 2.8, `drvOutputReferences`.
 */
export async function dependentRealisations(
  { graph, store }: { readonly graph: DerivationGraph; readonly store: LocalStore },
  drvPath: StorePath,
  outPath: StorePath,
): Promise<Map<string, StorePath>> {
  const references = (await store.queryPathInfos([outPath])).get(outPath)?.references ?? [];
  const found = new Map<string, StorePath>();
  if (references.length === 0) return found;
  for (const [input, { outputs }] of graph.derivation(drvPath).inputDerivations)
    for (const outputName of outputs) {
      const id = { drvHash: graph.drvHash(input), outputName };
      const known = await store.queryRealisation(id);
      if (known && references.includes(known.outPath)) found.set(formatDrvOutput(id), known.outPath);
    }
  return found;
}
