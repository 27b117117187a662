import { lstatSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { makeFolder } from "#store/local/make-folder.ts";
import type { CollectableStore } from "#store/store.ts";

type RootedStore = Pick<CollectableStore, "storeDir" | "addIndirectRoot"> & {
  /** A store on this machine's disk makes the link itself. */
  readonly addPermanentRoot?: (path: StorePath, link: string) => Promise<void>;
};

/** Makes `link` a symlink to `path`, and a root. What lies there must be a link into the store, or nothing. */
export async function addPermanentRoot(store: RootedStore, path: StorePath, link: string): Promise<void> {
  if (store.addPermanentRoot) return await store.addPermanentRoot(path, link);
  if (!link.startsWith("/") || link.startsWith(`${store.storeDir}/`))
    throw new ElsewhereError(
      "BAD_ROOT",
      `Cannot make '${link}' a garbage collector root: it is not an absolute path outside the Nix store`,
    );
  if (isTaken(link, store.storeDir))
    throw new ElsewhereError("BAD_ROOT", `cannot create symlink '${link}'; already exists`);
  makeFolder(dirname(link));
  const place = `${link}.tmp-${process.pid}`;
  symlinkSync(printStorePath(store.storeDir, path), place);
  renameSync(place, link);
  await store.addIndirectRoot(link);
}

function isTaken(link: string, storeDir: string): boolean {
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (!found) return false;
  return !found.isSymbolicLink() || !readlinkSync(link).startsWith(`${storeDir}/`);
}
