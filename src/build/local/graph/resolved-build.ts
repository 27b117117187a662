import { encodeText } from "#base/text.ts";
import type { BuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { realisationHash } from "#nix/derivation-hash.ts";
import { derivationType } from "#nix/derivation-type.ts";
import type { Hash } from "#nix/hash.ts";
import type { Realisation } from "#nix/realisation.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { dependentRealisations } from "./dependent-realisations.ts";
import type { DerivationGraph } from "./derivation-graph.ts";

/** Adds what a derivation resolved to: what outputs are said to be made by must be there to be looked at. */
export async function addResolved(store: LocalStore, derivation: BasicDerivation): Promise<void> {
  const contents = encodeText(
    formatDerivation(store.storeDir, { ...derivation, inputDerivations: new Map() }),
  );
  await store.addContent({
    name: `${derivation.name}.drv`,
    method: "text",
    algorithm: "sha256",
    references: derivation.inputSources,
    dump: "flat",
    data: (async function* () {
      yield contents;
    })(),
  });
}

/** Whoever resolves to the same derivation finds it built under this hash. */
export function resolvedHash(storeDir: StoreDir, derivation: BasicDerivation): Hash {
  return realisationHash(storeDir, { ...derivation, inputDerivations: new Map() }, () => {
    throw new Error("a resolved derivation has no inputs");
  });
}

/** What was built as its resolution is an output of the derivation itself, too: records it as that. */
export async function recordAsOwn(
  known: { readonly graph: DerivationGraph; readonly store: LocalStore },
  drvPath: StorePath,
  result: BuildResult,
): Promise<BuildResult> {
  const { graph, store } = known;
  const drvHash = graph.drvHash(drvPath);
  const builtOutputs = new Map<string, Realisation>();
  for (const [outputName, { outPath }] of result.builtOutputs) {
    const own = {
      id: { drvHash, outputName },
      outPath,
      signatures: [],
      dependentRealisations: await dependentRealisations(known, drvPath, outPath),
    };
    if (derivationType(graph.derivation(drvPath)) !== "impure") await store.registerRealisation(own);
    builtOutputs.set(outputName, own);
  }
  return { ...result, builtOutputs };
}
