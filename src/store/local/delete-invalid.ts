import { lstatSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import { renameCanonical } from "./canonicalise.ts";
import type { StoreContext } from "./context.ts";
import { removeTree } from "./scratch.ts";

/** Deletes what lies at paths that are not valid, such as what a killed build left. */
export async function deleteInvalid(store: StoreContext, paths: readonly StorePath[]): Promise<void> {
  store.checkWritable();
  const scratch = await store.scratch();
  const trash: string[] = [];
  // A path cannot become valid within the transaction, and what is renamed is nobody's any more.
  store.db.transaction(() => {
    for (const path of paths) {
      const place = store.realPathOf(path);
      if (!lstatSync(place, { throwIfNoEntry: false })) continue;
      if (store.paths.isValid(path))
        throw new ElsewhereError("PATH_IS_VALID", `Cannot delete '${store.print(path)}': it is valid`);
      const old = scratch.place();
      renameCanonical(place, old);
      trash.push(old);
    }
  });
  for (const place of trash) removeTree(place);
}
