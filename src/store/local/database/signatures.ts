import { LimitError } from "#base/errors.ts";
import { SIGNATURES_MAX } from "#nix/signature.ts";
import type { StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "../../invalid-path.ts";
import type { StoreContext } from "../context.ts";

/** Adds signatures to those that a valid path has. */
export function addSignatures(store: StoreContext, path: StorePath, signatures: readonly string[]): void {
  store.checkWritable();
  store.db.transaction(() => {
    const info = store.paths.infoOf(path);
    if (!info) throw new InvalidPathError(store.print(path));
    const all = [...new Set([...info.signatures, ...signatures])].sort();
    if (all.length > SIGNATURES_MAX)
      throw new LimitError(`signatures of '${store.print(path)}'`, all.length, SIGNATURES_MAX);
    store.db.run("update ValidPaths set sigs = ? where path = ?", all.join(" "), store.print(path));
  });
}
