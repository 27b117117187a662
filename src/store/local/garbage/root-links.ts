import { createHash } from "node:crypto";
import { lstatSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { StoreContext } from "../context.ts";
import { makeFolder } from "../make-folder.ts";

/** Notes a symlink outside the store as a root: `gcroots/auto/<nix32 of the SHA-1 of its name>` points to it. */
export function addIndirectRoot(store: StoreContext, link: string): void {
  store.checkWritable();
  const name = encodeNix32(createHash("sha1").update(link).digest());
  replaceLink(`${store.layout.stateDir}/gcroots/auto/${name}`, link);
}

/** Makes `link` point to a path and notes it as a root. An older link to a store path is replaced, nothing else. */
export async function addPermanentRoot(store: StoreContext, path: StorePath, link: string): Promise<void> {
  const place = resolve(link);
  const { storeDir, realStoreDir } = store.layout;
  if (isBelow(place, storeDir) || isBelow(place, realStoreDir))
    throw new ElsewhereError("ROOT_IN_STORE", `Cannot make a root at '${place}': it lies in the store`, {
      hint: "Run it in another folder, or name another --out-link",
    });
  // Until the link is found by a collector.
  await store.addTempRoots([path]);
  if (!mayReplace(store, place))
    throw new ElsewhereError(
      "ROOT_EXISTS",
      `Cannot create symlink '${place}': something else is there already`,
    );
  replaceLink(place, store.print(path));
  addIndirectRoot(store, place);
}

function mayReplace({ layout }: StoreContext, place: string): boolean {
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (!stats) return true;
  if (!stats.isSymbolicLink()) return false;
  const target = readlinkSync(place);
  return isBelow(target, layout.storeDir) || isBelow(target, layout.realStoreDir);
}

function replaceLink(link: string, target: string): void {
  makeFolder(dirname(link));
  const temporary = `${link}.tmp-${process.pid}-${count++}`;
  symlinkSync(target, temporary);
  renameSync(temporary, link);
}

function isBelow(place: string, folder: string): boolean {
  return place.startsWith(`${folder}/`);
}

let count = 0;
