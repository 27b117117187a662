import { Buffer } from "node:buffer";
import { fstatSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";

/**
 * Whether anyone still reads what this process writes to `fd`. Node tells only when something is written, and
 * a silent build writes nothing. A socket's kernel answers to a write of no bytes; a pipe is asked for in /proc.
 */
export function isReadByAnyone(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    if (stat.isSocket()) return canWriteNothing(fd);
    if (stat.isFIFO()) return hasReader(readlinkSync(`/proc/self/fd/${fd}`));
    return true;
  } catch {
    return false;
  }
}

function canWriteNothing(fd: number): boolean {
  try {
    writeSync(fd, Buffer.alloc(0));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EAGAIN";
  }
}

/** Whether another process has the reading end of a pipe open, as far as this user may see. */
function hasReader(pipe: string): boolean {
  const own = String(process.pid);
  const others = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== own);
  return others.some((pid) => readersOf(pid).some((fd) => isReadEndOf(pid, fd, pipe)));
}

function readersOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

function isReadEndOf(pid: string, fd: string, pipe: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== pipe) return false;
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"));
    return flags !== null && (Number.parseInt(flags[1]!, 8) & ACCESS_MODE) === READ_ONLY;
  } catch {
    return false;
  }
}

/** `O_ACCMODE` and `O_RDONLY`. */
const ACCESS_MODE = 3;
const READ_ONLY = 0;
