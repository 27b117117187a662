import { rm, stat } from "node:fs/promises";
import { watchRun } from "./run-door.ts";
import { RunFolder, runIds } from "./run-folder.ts";

/** Removes what is kept of old runs, unless they still go on. Another process may do the same at the same time. */
export async function pruneRuns(stateDir: string): Promise<void> {
  const ids = runIds(stateDir);
  if (ids.length < RUNS_KEPT) return;
  const aged = await Promise.all(ids.map(async (id) => ({ id, changedMs: await changedMs(stateDir, id) })));
  const old = aged.sort((a, b) => b.changedMs - a.changedMs).slice(RUNS_KEPT - 1);
  for (const { id } of old) {
    const folder = new RunFolder(stateDir, id);
    const watch = folder.end ? undefined : await watchRun(folder.head?.socket ?? "/nowhere");
    watch?.leave();
    if (!watch) await rm(folder.path, { recursive: true, force: true });
  }
}

async function changedMs(stateDir: string, id: string): Promise<number> {
  try {
    return (await stat(new RunFolder(stateDir, id).events)).mtimeMs;
  } catch {
    return 0;
  }
}

const RUNS_KEPT = 50;
