import { Buffer } from "node:buffer";
import { lstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning } from "./running-process.ts";

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
      const made = new SshFolder(mkdtempSync(join(folder, `elsewhere-${ownerMark()}-`)));
      removeAbandoned(folder);
      return made;
    } catch (error) {
      if (folder === "/tmp") throw error;
    }
  throw new Error("No folder for temporary files");
}

export class SshFolder implements Disposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
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

/** Removes the folders of our own whose process was killed together with what would have removed them. */
function removeAbandoned(base: string): void {
  for (const name of readdirSync(base)) {
    const [, pid, namespace] = OURS.exec(name) ?? [];
    if (pid === undefined || namespace !== namespaceMark() || isRunning(Number.parseInt(pid, 36))) continue;
    try {
      const stats = lstatSync(join(base, name));
      if (stats.isDirectory() && stats.uid === process.getuid?.())
        rmSync(join(base, name), { recursive: true });
    } catch {
      // Another removes it at this moment.
    }
  }
}

/** Whose a folder is: the process, and where its number counts. */
function ownerMark(): string {
  return `${process.pid.toString(36)}-${namespaceMark()}`;
}

/** Tells containers apart that share a folder for temporary files, as far as three characters can. */
function namespaceMark(): string {
  const inode = Number(/\d+/.exec(pidNamespace())?.[0] ?? 0);
  return (inode % 36 ** 3).toString(36).padStart(3, "0");
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

export const CONTROL_SOCKET = "m";
const OURS = /^elsewhere-([0-9a-z]+)-([0-9a-z]{3})-[A-Za-z0-9]{6}$/;
/** Longest folder to make ours in, in bytes: 104, less ssh's 17, ours and the ending zero. */
const BASE_BYTES_MAX = 56;
