import { Buffer } from "node:buffer";
import { lstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder that only this user can enter (mode 0700), for a control socket and a known-hosts file.
 * Its name is short: a socket's path has 104 bytes on macOS and ssh adds 17 while it binds.
 */
export function makeSshFolder(): SshFolder {
  const base = [process.env.XDG_RUNTIME_DIR, tmpdir(), "/tmp"].find(
    (folder) => folder !== undefined && Buffer.byteLength(folder) <= BASE_BYTES_MAX,
  );
  for (const folder of [base ?? "/tmp", "/tmp"])
    try {
      return new SshFolder(mkdtempSync(join(folder, `${PREFIX}${process.pid.toString(36)}-`)));
    } catch (error) {
      if (folder === "/tmp") throw error;
    }
  throw new Error("No folder for temporary files");
}

export class SshFolder implements Disposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    symlinkSync(processNamespace(), join(path, OWNER));
    removeAbandoned(join(path, ".."));
  }

  get controlSocket(): string {
    return join(this.path, CONTROL_SOCKET);
  }

  get knownHosts(): string {
    return join(this.path, "known_hosts");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Removes the folders of our own whose process was killed before anything that would do it had begun. */
function removeAbandoned(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = Number.parseInt(OURS.exec(name)?.[1] ?? "", 36);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      const path = join(base, name);
      const stats = lstatSync(path);
      if (!stats.isDirectory() || stats.uid !== process.getuid?.()) continue;
      // A process that cannot be seen from here may live in another namespace.
      if (readlinkSync(join(path, OWNER)) === processNamespace()) rmSync(path, { recursive: true });
    } catch {
      // Another has removed it, or it was never finished.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Tells containers apart that share a folder for temporary files; where there are none it is always the same. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "pid";
  }
}

export const CONTROL_SOCKET = "m";
/** A symlink that leads nowhere: its target says where the process number in the folder's name counts. */
export const OWNER = "owner";
const PREFIX = "elsewhere-";
const OURS = /^elsewhere-([0-9a-z]+)-[A-Za-z0-9]{6}$/;
/** Longest folder to make ours in, in bytes: 104, less ssh's 17, ours and the ending zero. */
const BASE_BYTES_MAX = 60;
