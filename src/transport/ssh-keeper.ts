import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import type { SshFolder } from "./ssh-folder.ts";

/**
 * Lets an ssh end with this process, in whatever way that ends, `kill -9` too: a shell waits on a pipe from us,
 * and when it ends without a word, stops ssh and removes the folder.
 */
export function endWithUs(ssh: ChildProcess, { path }: SshFolder): void {
  if (ssh.pid === undefined) return;
  const keeper = spawn("/bin/sh", ["-c", KEEPER, "sh", String(ssh.pid), path], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const lifeline = keeper.stdin as Writable & { unref(): void };
  keeper.on("error", () => undefined);
  lifeline.on("error", () => undefined);
  ssh.once("exit", () => lifeline.end("gone\n"));
  keeper.unref();
  lifeline.unref();
}

/** A line means that ssh went by itself; the end of the pipe, that our process is gone. */
const KEEPER = `read -r _ || { kill -KILL "$1"; rm -f "$2/m" "$2/known_hosts"; rmdir "$2"; }`;
