import { accessSync, chmodSync, chownSync, constants, existsSync } from "node:fs";
import { makeFolder } from "./make-folder.ts";

/**
 * Makes the folders in which a user of a daemon keeps profiles and roots, as the user's own; clients up to Nix 2.13 expect
 * them. Nothing is done where this process may not. Source: Nix, `LocalStore::createUser`.
 */
export function makeUserFolders(
  stateDir: string,
  { uid, name }: { readonly uid: number; readonly name: string },
): void {
  const ownUid = process.getuid?.();
  if (!LOGIN_NAME.test(name) || (ownUid !== 0 && ownUid !== uid)) return;
  for (const kind of ["profiles", "gcroots"]) {
    const [all, folder] = [`${stateDir}/${kind}/per-user`, `${stateDir}/${kind}/per-user/${name}`];
    if (existsSync(folder) || !isWritable(all)) continue;
    makeFolder(folder);
    chmodSync(folder, 0o755);
    chownSync(folder, uid, process.getgid!());
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A name that is one folder, and no other than its user's. */
const LOGIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
