import { readdirSync, readFileSync, type Stats, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { FileFacts, Files } from "../outside.ts";

/** The files of this machine. */
export const systemFiles: Files = {
  readText: (path) => orUndefined(() => readFileSync(path, "latin1")),
  stat: (path) => orUndefined(() => factsOf(statSync(path))),
  list: (path) => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
  room: (path) => {
    for (let folder = path; ; folder = dirname(folder)) {
      const found = orUndefined(() => statfsSync(folder));
      if (!found && folder === dirname(folder)) return undefined;
      if (!found) continue;
      const { bavail, blocks, bsize, ffree, files } = found;
      return {
        freeBytes: bavail * bsize,
        totalBytes: blocks * bsize,
        freeInodes: files === 0 ? undefined : ffree,
      };
    }
  },
};

function factsOf(stats: Stats): FileFacts {
  const kind = stats.isFile()
    ? "file"
    : stats.isDirectory()
      ? "folder"
      : stats.isSocket()
        ? "socket"
        : "other";
  return { kind, mode: stats.mode & 0o7777, uid: stats.uid };
}

/** What is not there is no error; what may not be seen is. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
