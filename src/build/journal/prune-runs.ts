import { rm, stat } from "node:fs/promises";
import { watchRun } from "./run-door.ts";
import { RunFolder, runIds } from "./run-folder.ts";

/**
 * Removes what is kept of old runs, unless they still go on: those that a person asked for and those that came from Nix
 * each for themselves, for those may be many. Another process may do the same at the same time.
 */
export async function pruneRuns(stateDir: string): Promise<void> {
  const ids = runIds(stateDir);
  if (ids.length < RUNS_KEPT) return;
  const aged = await Promise.all(ids.map((id) => lookAt(new RunFolder(stateDir, id))));
  const groups = Map.groupBy(aged, ({ isFromNix }) => isFromNix);
  for (const group of groups.values()) await removeOldest(group);
}

interface AgedRun {
  readonly folder: RunFolder;
  readonly isFromNix: boolean;
  readonly changedMs: number;
}

async function removeOldest(runs: AgedRun[]): Promise<void> {
  const old = runs.sort((a, b) => b.changedMs - a.changedMs).slice(RUNS_KEPT - 1);
  for (const { folder } of old) {
    const watch = folder.end ? undefined : await watchRun(folder.head?.socket ?? "/nowhere");
    watch?.leave();
    if (!watch) await rm(folder.path, { recursive: true, force: true });
  }
}

async function lookAt(folder: RunFolder): Promise<AgedRun> {
  const command = folder.head?.command ?? "build";
  return { folder, isFromNix: command !== "build", changedMs: await changedMs(folder) };
}

/** A run that is just being begun has no events yet. */
async function changedMs({ events, path }: RunFolder): Promise<number> {
  for (const place of [events, path])
    try {
      return (await stat(place)).mtimeMs;
    } catch {
      // Not there yet, or not any more.
    }
  return 0;
}

const RUNS_KEPT = 50;
