import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "#nix/store-path.ts";
import { logFolderOf } from "./log-file.ts";

/** Removes the logs of builds that the ledger has forgotten. */
export function removeLogs(
  stateDir: string,
  builds: readonly { readonly request: string; readonly drvPath: StorePath }[],
): void {
  for (const { request, drvPath } of builds) {
    const folder = logFolderOf(stateDir, drvPath);
    const files = listed(folder);
    const own = files.filter((file) => file.startsWith(`${request}-`));
    for (const file of own) rmSync(join(folder, file), { force: true });
    if (own.length > 0 && own.length === files.length) removeIfEmpty(folder);
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Another process has put a log there.
  }
}
