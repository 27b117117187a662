import { checkOutputPaths } from "#nix/derivation-hash.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { StoreContext } from "../context.ts";
import { readDerivationFile } from "../derivation-file.ts";

/**
 * The outputs by name whose paths a derivation itself knows. Each must be the one that the derivation makes:
 * else a derivation could claim another's outputs. Its inputs are valid or were asked for before.
 */
export function verifiedOutputs(
  store: StoreContext,
  drvPath: StorePath,
  file: string,
): Map<string, StorePath> {
  const { storeDir } = store.layout;
  const drv = readDerivationFile(storeDir, drvPath, file);
  checkOutputPaths(storeDir, drv, store.derivationHasher.hashOf);
  store.derivationHasher.add(drvPath, drv);
  const known = new Map<string, StorePath>();
  for (const [name, path] of staticOutputPaths(storeDir, drv)) if (path) known.set(name, path);
  return known;
}
