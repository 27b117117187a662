import { execFile } from "node:child_process";
import { readdirSync, readlinkSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { promisify } from "node:util";

/**
 * The user at the other end of a unix socket, where that can be known for certain. Node cannot ask the kernel
 * (`SO_PEERCRED`), so `ss` is asked which socket ours is joined to, and /proc who has that one open. When more
 * than one user has, or none that we may see, nobody is vouched for.
 */
export async function peerUid(socket: Socket): Promise<number | undefined> {
  const fd = (socket as SocketWithHandle)._handle?.fd;
  if (fd === undefined || fd < 0) return undefined;
  try {
    const own = inodeOf(readlinkSync(`/proc/self/fd/${fd}`));
    const { stdout } = await run("ss", ["--unix", "--numeric", "--no-header"]);
    const peer = own && joinedTo(stdout, own);
    const uids = peer ? holdersOf(peer) : new Set<number>();
    return uids.size === 1 ? [...uids][0] : undefined;
  } catch {
    return undefined;
  }
}

/** The inode that `ss` says is at the other end of the socket with inode `own`. */
export function joinedTo(listing: string, own: string): string | undefined {
  for (const line of listing.split("\n")) {
    const inodes = /\s(\d+)\s+\S+\s+(\d+)(?:\s|$)/.exec(line);
    if (inodes?.[1] === own) return inodes[2];
  }
  return undefined;
}

function inodeOf(link: string): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(link)?.[1];
}

function holdersOf(inode: string): Set<number> {
  const uids = new Set<number>();
  for (const pid of readdirSync("/proc"))
    if (/^\d+$/.test(pid) && holds(pid, `socket:[${inode}]`)) {
      const uid = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
      if (uid !== undefined) uids.add(uid);
    }
  return uids;
}

function holds(pid: string, socket: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === socket;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

interface SocketWithHandle extends Socket {
  readonly _handle?: { readonly fd: number };
}

const run = promisify(execFile);
