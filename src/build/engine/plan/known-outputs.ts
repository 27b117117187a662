import type { Derivation } from "#nix/derivation.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";

/** Outputs of a derivation by name; those whose path is not known yet are absent. */
export type KnownOutputs = ReadonlyMap<string, StorePath>;

/** The output paths that a derivation itself tells, by output name. */
export function knownOutputsOf(derivation: Derivation, storeDir: StoreDir): Map<string, StorePath> {
  const known = new Map<string, StorePath>();
  for (const [name, path] of staticOutputPaths(storeDir, derivation)) if (path) known.set(name, path);
  return known;
}
