import type { ContentAddress } from "#nix/content-address.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";

/** What addresses those outputs whose contents the derivation fixes, by their paths. */
export function fixedAddresses(
  derivation: Pick<Derivation, "outputs">,
  paths: ReadonlyMap<string, StorePath | undefined>,
): Map<StorePath, ContentAddress> {
  const addresses = new Map<StorePath, ContentAddress>();
  for (const [name, output] of derivation.outputs) {
    const path = paths.get(name);
    if (path !== undefined && output.kind === "fixed") addresses.set(path, output.address);
  }
  return addresses;
}
