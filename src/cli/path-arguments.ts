import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import { parseInStore, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { QueryableStore, Store } from "#store/store.ts";

/** Store paths as people name them: in full, by a link such as `./result`, by a file within, or by `hash-name`. */
export function storePathOf(text: string, store: Store): StorePath {
  if (text.startsWith(`${store.storeDir}/`)) return parseInStore(store.storeDir, text).path;
  if (/^[0-9a-df-np-sv-z]{32}-[^/]+$/.test(text))
    return parseInStore(store.storeDir, `${store.storeDir}/${text}`).path;
  const real = realPath(text);
  const places: StoreDir[] = [store.storeDir];
  if (store.physicalStoreDir !== undefined) places.push(store.physicalStoreDir as StoreDir);
  for (const place of places) if (real.startsWith(`${place}/`)) return parseInStore(place, real).path;
  throw new ElsewhereError(
    "NOT_IN_STORE",
    `Cannot use '${text}': it does not lie in the store ${store.storeDir}`,
  );
}

/** `text` without symlinks, as far as it exists; a link into a store that is elsewhere is followed by name. */
function realPath(text: string): string {
  try {
    return realpathSync(resolve(text));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return join(process.cwd(), text);
    throw error;
  }
}

/** Narrows a store to one that answers more; says who cannot. */
export function queryable(store: Store, what: string): QueryableStore {
  if ("queryAllValidPaths" in store) return store as QueryableStore;
  throw new ElsewhereError(
    "UNSUPPORTED",
    `Cannot ${what} in ${store.uri}: its protocol has no request for it`,
    {
      hint: "use ssh-ng://, which has",
    },
  );
}
