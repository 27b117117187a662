import { realisationHash } from "#nix/derivation-hash.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import type { StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "../invalid-path.ts";
import type { StoreContext } from "./context.ts";
import { queryRealisation } from "./database/realisations.ts";
import { readDerivationFile } from "./derivation-file.ts";

/** The outputs of a valid derivation; one whose path only a build tells has one when it was realised here. */
export function queryDerivationOutputMap(
  store: StoreContext,
  drvPath: StorePath,
): Map<string, StorePath | undefined> {
  if (!store.paths.isValid(drvPath)) throw new InvalidPathError(store.print(drvPath));
  const { storeDir } = store.layout;
  const drv = readDerivationFile(storeDir, drvPath, store.realPathOf(drvPath));
  const outputs = staticOutputPaths(storeDir, drv);
  if ([...outputs.values()].every((path) => path !== undefined)) return outputs;
  const drvHash = realisationHash(storeDir, drv, store.derivationHasher.hashOf);
  for (const [outputName, path] of outputs)
    if (path === undefined)
      outputs.set(outputName, queryRealisation(store, { drvHash, outputName })?.outPath);
  return outputs;
}
