import { closeSync, mkdirSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { discardLockFile, type FileLock, isDiscarded, tryLock } from "../lock/flock.ts";
import { collectorMayListen, tellCollector } from "./gc-socket.ts";

/**
 * The temporary roots of this process: what it is about to add or build, or was told to keep. They are in
 * `temproots/<pid>`, locked as long as we live, so that any collector, Nix's too, sees them and knows
 * whether they still count.
 */
export class TempRoots {
  static readonly #ofProcess = new Map<string, TempRoots>();
  readonly #stateDir: string;
  readonly #file: string;
  readonly #lock: FileLock;
  readonly #roots = new Set<string>();
  #users = 0;

  /** The one file of this process for a state folder; each `open` must be followed by a `close`. */
  static open(stateDir: string): TempRoots {
    let roots = TempRoots.#ofProcess.get(stateDir);
    if (!roots) {
      roots = new TempRoots(stateDir);
      TempRoots.#ofProcess.set(stateDir, roots);
    }
    roots.#users++;
    return roots;
  }

  private constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#file = `${tempRootsDir(stateDir)}/${process.pid}`;
    mkdirSync(tempRootsDir(stateDir), { recursive: true });
    this.#lock = lockFresh(this.#file);
  }

  /** Keeps these printed store paths from every collector. */
  async add(printedPaths: Iterable<string>): Promise<void> {
    const fresh = [...printedPaths].filter((path) => !this.#roots.has(path));
    if (fresh.length === 0) return;
    // First the file and then the collector: one that starts in between reads the file.
    writeSync(this.#lock.fd, fresh.map((path) => `${path}\0`).join(""));
    if (collectorMayListen(this.#stateDir))
      for (let from = 0; from < fresh.length; from += TOLD_AT_ONCE)
        await tellCollector(this.#stateDir, fresh.slice(from, from + TOLD_AT_ONCE));
    for (const path of fresh) this.#roots.add(path);
  }

  close(): void {
    if (--this.#users > 0) return;
    TempRoots.#ofProcess.delete(this.#stateDir);
    rmSync(this.#file, { force: true });
    this.#lock.release();
  }
}

/** The temporary roots of all living processes by process id; files of dead ones are deleted. */
export function readTempRoots(stateDir: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of readdirOrNone(tempRootsDir(stateDir))) {
    if (!/^[0-9]/.test(name)) continue;
    const file = `${tempRootsDir(stateDir)}/${name}`;
    const roots = readTempRootsFile(file, name === String(process.pid));
    if (roots) found.set(name, roots);
  }
  return found;
}

function readTempRootsFile(file: string, isOurs: boolean): string[] | undefined {
  try {
    if (!isOurs && deleteIfStale(file)) return undefined;
    // A root is there with its terminator or not at all.
    return readFileSync(file, "latin1").split("\0").slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A file whose lock can be had is a dead process's. */
function deleteIfStale(file: string): boolean {
  const lock = tryLock(file, "exclusive");
  if (!lock) return false;
  discardLockFile(file, lock.fd);
  lock.release();
  return true;
}

function lockFresh(file: string): FileLock {
  for (;;) {
    // A file of our own process id that we did not make is left from a dead process.
    rmSync(file, { force: true });
    const lock = tryLock(file, "exclusive");
    if (lock && !isDiscarded(lock.fd)) return lock;
    if (lock) closeSync(lock.fd);
  }
}

function readdirOrNone(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function tempRootsDir(stateDir: string): string {
  return `${stateDir}/temproots`;
}

/** How many roots go to a collector in one connection before its answers are awaited. */
const TOLD_AT_ONCE = 1000;
