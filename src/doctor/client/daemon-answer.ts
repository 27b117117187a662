import { execFileSync } from "node:child_process";
import { messageOf } from "#base/errors.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import { connectUnixSocket } from "#transport/unix-socket.ts";
import type { ClientCase } from "./client-case.ts";

export interface DaemonAnswer {
  /** Why it does not answer. */
  readonly fault?: string;
  readonly version?: string | undefined;
  readonly trusted: boolean;
}

/** Greets the daemon of this machine. One before protocol 1.35 does not say whom it trusts: then nix.conf does. */
export async function askDaemon({ daemon, configuration, outside }: ClientCase): Promise<DaemonAnswer> {
  await using store = new DaemonStore({
    uri: `unix://${daemon.socket}`,
    storeDir: DEFAULT_STORE_DIR,
    connect: () => connectUnixSocket(daemon.socket),
    connectionsMax: 1,
  });
  try {
    const { nixVersion, trusted } = await store.ping();
    const listed = isListed(outside.user.name, configuration.settings.settings["trusted-users"]);
    return { version: nixVersion, trusted: trusted ?? (outside.user.uid === 0 || listed) };
  } catch (error) {
    return { fault: messageOf(error).replace(/^.*?': /s, ""), trusted: false };
  }
}

function isListed(user: string, list: readonly string[]): boolean {
  if (list.includes("*") || list.includes(user)) return true;
  const groups = groupsOf(user);
  return list.some((name) => name.startsWith("@") && groups.includes(name.slice(1)));
}

function groupsOf(user: string): string[] {
  try {
    return execFileSync("id", ["-Gn", "--", user], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
      .split(/\s+/);
  } catch {
    return [];
  }
}
