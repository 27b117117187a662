import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** A process as the machine shows it. */
export interface SeenProcess {
  readonly pid: number;
  /** Its words, parted by blanks. */
  readonly command: string;
}

/** Processes, without this one, that bear `mark` in their command, their environment or their working folder. */
export function processesMarked(mark: string): SeenProcess[] {
  const found: SeenProcess[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || isDead(pid)) continue;
    const command = read(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim();
    if ([command, read(`/proc/${name}/environ`), folderOf(pid)].some((text) => text.includes(mark)))
      found.push({ pid, command });
  }
  return found;
}

export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Waits until `look` finds nothing; returns what it still found when the time was over. */
export async function untilNone<T>(look: () => T[], limitMs: number): Promise<T[]> {
  const until = performance.now() + limitMs;
  for (;;) {
    const found = look();
    if (found.length === 0 || performance.now() > until) return found;
    await setTimeout(LOOK_EVERY_MS);
  }
}

function isDead(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return /^[ZX]?$/.test(stat.slice(stat.lastIndexOf(")") + 2).slice(0, 1));
}

function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** The kernel tells nobody but a parent of a process's end. */
const LOOK_EVERY_MS = 50;
