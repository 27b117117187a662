import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { ElsewhereError, messageOf } from "#base/errors.ts";

/**
 * Makes a folder with those above it. Node's own way of doing that never ends where a folder cannot be made for
 * which the kernel says ENOENT, as below `/proc`.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  for (const next of missing.reverse())
    try {
      mkdirSync(next);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw new ElsewhereError("CANNOT_MAKE", `Cannot make the folder '${next}': ${messageOf(cause)}`, {
        cause,
        hint: "name another place, where you may write",
      });
    }
}
