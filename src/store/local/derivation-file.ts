import { lstatSync, readFileSync } from "node:fs";
import { ElsewhereError, LimitError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { checkOutputPaths } from "#nix/derivation-hash.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import { nameOf, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { StoreContext } from "./context.ts";

/** The derivation in a `.drv` file on disk. */
export function readDerivationFile(storeDir: StoreDir, drvPath: StorePath, file: string): Derivation {
  const stats = lstatSync(file);
  if (!stats.isFile())
    throw new ElsewhereError(
      "NOT_A_DERIVATION",
      `Cannot read the derivation '${drvPath}': it is no regular file`,
    );
  if (stats.size > DERIVATION_BYTES_MAX)
    throw new LimitError(`the derivation '${drvPath}', in bytes`, stats.size, DERIVATION_BYTES_MAX);
  return parseDerivation(storeDir, readFileSync(file), nameOf(drvPath).slice(0, -".drv".length));
}

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

/** Largest derivation that is read, in bytes. */
const DERIVATION_BYTES_MAX = 64 * 1024 * 1024;
