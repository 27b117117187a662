import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
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
      return new SshFolder(mkdtempSync(join(folder, "elsewhere-")));
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

export const CONTROL_SOCKET = "m";
/** Longest folder to make ours in, in bytes: 104, less ssh's 17, ours and the ending zero. */
const BASE_BYTES_MAX = 66;
