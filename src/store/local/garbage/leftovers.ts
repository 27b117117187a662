import { readdirSync } from "node:fs";
import { hashPartOf, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import type { StoreContext } from "../context.ts";

/**
 * Names in the store directory that no row tells of and no temporary root keeps: what killed builds and
 * imports left, their lock files, whatever else someone put there.
 */
export function findLeftovers(store: StoreContext, tempHashParts: ReadonlySet<string>): string[] {
  // The names first: what becomes valid after they were read is found valid then.
  const names = readdirSync(store.layout.realStoreDir).filter((name) => !name.startsWith("."));
  const valid = store.paths.all();
  return names.filter((name) => {
    if (valid.has(name as StorePath)) return false;
    try {
      return !tempHashParts.has(hashPartOf(parseStorePathBaseName(name)));
    } catch {
      return true;
    }
  });
}
