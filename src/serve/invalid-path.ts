import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";

/** What a store knows of a path that must be valid. */
export async function validPathInfo(store: Store, path: StorePath): Promise<PathInfo> {
  const info = (await store.queryPathInfos([path])).get(path);
  if (info) return info;
  throw new ElsewhereError("INVALID_PATH", `path '${printStorePath(store.storeDir, path)}' is not valid`);
}
