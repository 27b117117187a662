import { discardLockFile, type FileLock, isDiscarded, lock, lockIfFree } from "./flock.ts";

/** Locks on store paths that no other process may make or delete meanwhile. */
export interface PathLocks extends Disposable {
  /** Gives the locks up and deletes their files. */
  release(): void;
}

export interface PathLockOptions {
  /** Wait for locks that others hold; otherwise the answer is undefined then. */
  readonly wait?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Locks `<path>.lock` for each of these real paths, in one order for everybody, as Nix does: it waits for
 * ours and we for its. They are released by kill -9 too.
 */
export async function lockRealPaths(
  realPaths: Iterable<string>,
  { wait = true, signal }: PathLockOptions = {},
): Promise<PathLocks | undefined> {
  const held: { file: string; lock: FileLock }[] = [];
  const release = () => {
    for (const { file, lock } of held.splice(0)) {
      discardLockFile(file, lock.fd);
      lock.release();
    }
  };
  try {
    for (const file of [...new Set(realPaths)].sort().map((path) => `${path}.lock`)) {
      const lock = await lockCurrent(file, wait, signal);
      if (!lock) {
        release();
        return undefined;
      }
      held.push({ file, lock });
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release, [Symbol.dispose]: release };
}

/** The lock on the file that has this name now, and not on one that was deleted while we waited. */
async function lockCurrent(
  file: string,
  wait: boolean,
  signal: AbortSignal | undefined,
): Promise<FileLock | undefined> {
  for (;;) {
    const held = await (wait ? lock : lockIfFree)(file, "exclusive", signal);
    if (!held) return undefined;
    if (!isDiscarded(held.fd)) return held;
    held.release();
  }
}
