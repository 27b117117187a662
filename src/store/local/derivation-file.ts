import { lstatSync, readFileSync } from "node:fs";
import { ElsewhereError, LimitError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { nameOf, type StoreDir, type StorePath } from "#nix/store-path.ts";

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

/** Largest derivation that is read, in bytes. */
const DERIVATION_BYTES_MAX = 64 * 1024 * 1024;
