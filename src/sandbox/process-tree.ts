import { readdirSync, readFileSync } from "node:fs";

/** `root` and all that descend from it, as far as the machine tells. */
export function processTree(root: number): number[] {
  const found = [root];
  for (let at = 0; at < found.length; at++) found.push(...childrenOf(found[at]!));
  return found;
}

/** Processes with `text` in their environment: those that a builder started and cut loose among them. */
export function processesWithEnvironment(text: string): number[] {
  return allProcesses().filter((pid) => read(`/proc/${pid}/environ`).includes(text));
}

/** Kills them, as far as they still are. */
export function killProcesses(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It was gone already.
    }
  }
}

/**
 * When a process began, in the machine's ticks since boot; undefined when there is none, or only what its parent has
 * not asked for yet: a killed process may be left so for as long as that parent likes.
 */
export function startTimeOf(pid: number): string | undefined {
  const fields = statFields(pid);
  return fields && !ENDED.has(fields[STAT_STATE]!) ? fields[STAT_START_TIME] : undefined;
}

/** What `/proc/pid/stat` says from its third field on; undefined when there is no such process. */
export function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  const end = text.lastIndexOf(")");
  return end < 0 ? undefined : text.slice(end + 2).split(" ");
}

/** Indices into `statFields`. Source: proc(5). */
export const STAT_STATE = 0;
export const STAT_USER_TICKS = 11;
export const STAT_SYSTEM_TICKS = 12;
export const STAT_CHILDREN_USER_TICKS = 13;
export const STAT_CHILDREN_SYSTEM_TICKS = 14;
const STAT_START_TIME = 19;
export const STAT_RESIDENT_PAGES = 21;
/** States of a process that runs no more: a zombie, and one that is just being forgotten. */
const ENDED: ReadonlySet<string> = new Set(["Z", "X"]);

function childrenOf(pid: number): number[] {
  const threads = list(`/proc/${pid}/task`);
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
}

function allProcesses(): number[] {
  return list("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
