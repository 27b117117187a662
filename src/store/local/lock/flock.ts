import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, fstatSync, openSync, unlinkSync, writeSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";

/**
 * BSD file locks, as Nix takes them. Node has no `flock`, but the lock belongs to the open file, not to the
 * process: util-linux's flock(1) takes it on a descriptor that it inherits from us, exits, and we hold it
 * until the descriptor is closed, be it by kill -9.
 */
export interface FileLock {
  readonly fd: number;
  /** Gives the lock up. */
  release(): void;
}

export type LockKind = "shared" | "exclusive";

/** Takes a lock at once; undefined when another holds it. */
export function tryLock(file: string, kind: LockKind): FileLock | undefined {
  return tryLockOn(file, openLockFile(file), kind);
}

/** Locks a folder itself at once; undefined when another holds it. */
export function lockFolder(folder: string): FileLock | undefined {
  return tryLockOn(folder, openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY), "exclusive");
}

function tryLockOn(file: string, fd: number, kind: LockKind): FileLock | undefined {
  const { status, error } = spawnSync("flock", ["--nonblock", `--${kind}`, "3"], { stdio: stdioFor(fd) });
  if (status === 0) return lockOn(fd);
  closeSync(fd);
  if (status === CONFLICT) return undefined;
  throw lockError(file, error);
}

/** Waits for a lock; aborting ends the wait. */
export async function lock(file: string, kind: LockKind, signal?: AbortSignal): Promise<FileLock> {
  return (await lockLater(file, [`--${kind}`], signal))!;
}

/** Takes a lock without holding up other work; undefined when another holds it. */
export async function lockIfFree(
  file: string,
  kind: LockKind,
  signal?: AbortSignal,
): Promise<FileLock | undefined> {
  return await lockLater(file, ["--nonblock", `--${kind}`], signal);
}

async function lockLater(
  file: string,
  flags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<FileLock | undefined> {
  signal?.throwIfAborted();
  const fd = openLockFile(file);
  try {
    const status = await exitOf(
      spawn("flock", [...flags, "3"], { stdio: stdioFor(fd), ...(signal && { signal }) }),
    );
    if (status === 0) return lockOn(fd);
    if (status !== CONFLICT || !flags.includes("--nonblock"))
      throw lockError(file, `flock ended with ${status}`);
    closeSync(fd);
    return undefined;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens a lock file, making it when it is not there. */
export function openLockFile(file: string): number {
  return openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
}

/**
 * Whether a file that we locked had been deleted by its former holder, who writes a byte into it as he
 * unlinks it: then the lock is worth nothing. Source: Nix, `PathLocks`.
 */
export function isDiscarded(fd: number): boolean {
  return fstatSync(fd).size !== 0;
}

/** Deletes a lock file that we hold, telling those that have it open to open it anew. */
export function discardLockFile(file: string, fd: number): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  writeSync(fd, "d");
}

function lockOn(fd: number): FileLock {
  let held = true;
  return {
    fd,
    release() {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  try {
    const [status] = (await once(child, "exit")) as [number | null];
    return status;
  } catch (error) {
    // One that is stopped may still get the lock, and hold it until it is gone.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      await once(child, "exit");
    throw error;
  }
}

function stdioFor(fd: number): ("ignore" | number)[] {
  return ["ignore", "ignore", "ignore", fd];
}

function lockError(file: string, cause: unknown): ElsewhereError {
  return new ElsewhereError("LOCK", `Cannot lock '${file}': flock(1) failed`, {
    cause,
    hint: "Install util-linux, whose flock command takes the locks that Nix takes too",
  });
}

/** flock(1)'s exit status when another holds the lock. */
const CONFLICT = 1;
