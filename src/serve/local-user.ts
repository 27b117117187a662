import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { LocalUser } from "./trusted-users.ts";

/** What this machine knows of a user. */
export async function lookUpUser(uid: number): Promise<LocalUser> {
  const [name, groups] = await Promise.all([id("-un", uid), id("-Gn", uid)]);
  return { uid, name, groups: groups?.split(" ") ?? [] };
}

async function id(what: string, uid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run("id", [what, "--", String(uid)]);
    return stdout.trim();
  } catch {
    return uid === 0 && what === "-un" ? "root" : undefined;
  }
}

const run = promisify(execFile);
