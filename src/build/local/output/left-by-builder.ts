import { lstatSync, renameSync } from "node:fs";
import { canonicalise } from "#store/local/canonicalise.ts";
import { removeTree } from "#store/local/scratch.ts";
import { dumpPath } from "#store/nar/dump-path.ts";
import { restorePath } from "#store/nar/restore-path.ts";
import { BuildFailure } from "../build-failure.ts";

/**
 * Throws unless the store directory in a builder's root is what it was: folders all the way. The root was the
 * builder's to change, and a symlink on the way would lead us, not it, to somewhere else on this machine.
 */
export function checkStoreFolder(
  root: string,
  { storeDir, drv }: { readonly storeDir: string; readonly drv: string },
): void {
  let place = root;
  for (const name of storeDir.split("/").filter((part) => part !== "")) {
    place += `/${name}`;
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) continue;
    throw new BuildFailure("OutputRejected", `builder for '${drv}' has moved its store directory away`);
  }
}

/**
 * Puts a copy in the place of each output that is there. A builder with a network can hand an open file to
 * someone outside, who could write to it after it was hashed; of the copy nobody has anything open.
 */
export async function detachOutputs(places: readonly string[]): Promise<void> {
  for (const place of places) {
    if (!lstatSync(place, { throwIfNoEntry: false })) continue;
    canonicalise(place);
    const copy = `${place}.copy`;
    await restorePath(dumpPath(place), copy, { canonical: true });
    removeTree(place);
    renameSync(copy, place);
  }
}
