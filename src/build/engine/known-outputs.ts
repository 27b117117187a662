import { makeContentAddressedPath, outputPathName } from "#nix/content-address.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";

/** The output paths that a derivation itself tells, by output name. */
export function knownOutputsOf({ name, outputs }: Derivation, storeDir: StoreDir): Map<string, StorePath> {
  const known = new Map<string, StorePath>();
  for (const [outputName, output] of outputs)
    if (output.kind === "input-addressed") known.set(outputName, output.path);
    else if (output.kind === "fixed")
      known.set(
        outputName,
        makeContentAddressedPath(storeDir, outputPathName(name, outputName), output.address),
      );
  return known;
}
