import { ElsewhereError } from "#base/errors.ts";
import { type RunWatch, watchRun } from "./run-door.ts";
import { checkRunId, type RunEnd, RunFolder, type RunHead, runIds } from "./run-folder.ts";
import type { RunStatus } from "./run-status.ts";

/** A run as others see it. */
export interface SeenRun {
  readonly head: RunHead;
  readonly folder: RunFolder;
  /** `gone`: it ended without a word. */
  readonly state: "running" | "ended" | "gone";
  /** While it runs. */
  readonly status?: RunStatus;
  /** When it has ended. */
  readonly end?: RunEnd;
}

/** The runs that are known on this machine, the newest first. */
export async function listRuns(stateDir: string): Promise<SeenRun[]> {
  const seen = await Promise.all(runIds(stateDir).map((id) => seeRun(stateDir, id)));
  return seen.filter((run) => run !== undefined).sort((a, b) => b.head.startedMs - a.head.startedMs);
}

async function seeRun(stateDir: string, id: string): Promise<SeenRun | undefined> {
  const folder = new RunFolder(stateDir, id);
  const head = folder.head;
  if (!head) return undefined;
  const before = folder.end;
  if (before) return { head, folder, state: "ended", end: before };
  const watch = await watchRun(head.socket);
  const status = watch && (await firstStatus(watch));
  if (status) return { head, folder, state: "running", status };
  // It may have ended while we knocked.
  const end = folder.end;
  return end ? { head, folder, state: "ended", end } : { head, folder, state: "gone" };
}

async function firstStatus(watch: RunWatch): Promise<RunStatus | undefined> {
  for await (const status of watch.status) {
    watch.leave();
    return status;
  }
  return undefined;
}

/** The run that a word names by its beginning; with no word the newest that runs. */
export async function findRun(stateDir: string, word: string | undefined): Promise<SeenRun> {
  const runs = await listRuns(stateDir);
  if (word === undefined) {
    const running = runs.find(({ state }) => state === "running");
    if (running) return running;
    throw new ElsewhereError("NO_SUCH_RUN", "Cannot find a run: none goes on", { hint: ALL });
  }
  checkRunId(word);
  const found = runs.filter(({ head }) => head.id.startsWith(word));
  if (found.length === 1) return found[0]!;
  const why =
    found.length === 0 ? "none has that name" : `${found.map(({ head }) => head.id).join(" and ")} begin so`;
  throw new ElsewhereError("NO_SUCH_RUN", `Cannot find run '${word}': ${why}`, { hint: ALL });
}

const ALL = "'elsewhere ps --all' lists those that are known";
