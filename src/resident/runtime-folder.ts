import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";

/** Makes the folder of one user's resident process, or checks that it is nobody else's: who may write it is obeyed. */
export function openRuntimeFolder(folder: string, uid: number): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = lstatSync(folder);
  if (owner !== uid)
    throw new ElsewhereError(
      "RUNTIME_FOLDER",
      `Cannot use the folder '${folder}': user ${owner} owns it, and this is user ${uid}`,
      { hint: "Set XDG_RUNTIME_DIR, or ELSEWHERE_RUNTIME_DIR, to a folder of this user" },
    );
  if ((mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return folder;
}

/** What lies in the folder. The script of the hook, bin/elsewhere-hook, has the same names. */
export const RUNTIME_FILES = {
  /** A pipe: who wants something done writes into it what the names of his own pipes begin with. */
  bell: "bell",
  /** One line: process id, descriptor of the bell, and which Elsewhere it is. */
  resident: "resident",
  lock: "lock",
  /** Held by who starts one. */
  starting: "starting",
  log: "log",
} as const;
