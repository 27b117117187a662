import { parseInStore, type StorePath } from "#nix/store-path.ts";
import type { StoreContext } from "../context.ts";

/** The store path in which a place lies, logical or physical, when it is valid. */
export function validPathAt(store: StoreContext, place: string): StorePath | undefined {
  const { storeDir, realStoreDir } = store.layout;
  for (const directory of new Set([storeDir, realStoreDir])) {
    if (!place.startsWith(`${directory}/`)) continue;
    try {
      const { path } = parseInStore(storeDir, storeDir + place.slice(directory.length));
      if (store.paths.isValid(path)) return path;
    } catch {
      // No store path lies there, then.
    }
  }
  return undefined;
}
