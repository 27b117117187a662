import { readFileSync, readlinkSync } from "node:fs";
import { startTimeOf } from "#sandbox/process-tree.ts";
import { isRunning } from "#transport/running-process.ts";

/** Whether a name made by `ownedName` is that of a process that is no more. One in another container cannot be told. */
export function isStaleName(name: string): boolean {
  const found = OWNED.exec(name);
  if (!found) return false;
  const [, boot, namespace, pid, start] = found;
  if (boot !== bootId()) return true;
  return namespace === pidNamespace() && !isStill(Number(pid), start!);
}

/** A name that no other has, by which `isStaleName` knows whose it is. */
export function ownedName(): string {
  return `${ownerToken()}-${++made}`;
}

/** Says who owns a folder: boot, process namespace, process and its start, so that a number used again is no mistake. */
function ownerToken(): string {
  token ??= `elsewhere-${bootId()}-${pidNamespace()}-${process.pid}-${startTimeOf(process.pid) ?? UNKNOWN_START}`;
  return token;
}

/** Where the machine does not tell when a process began, one of that number is taken for it. */
function isStill(pid: number, start: string): boolean {
  return start === UNKNOWN_START ? isRunning(pid) : startTimeOf(pid) === start;
}

let token: string | undefined;
let made = 0;
const UNKNOWN_START = "0";
const OWNED = /^elsewhere-([0-9a-f]+)-(\d+)-(\d+)-(\d+)-\d+$/;

function bootId(): string {
  return read("/proc/sys/kernel/random/boot_id").slice(0, 8) || "0";
}

function pidNamespace(): string {
  return /\d+/.exec(linkTarget("/proc/self/ns/pid") ?? "")?.[0] ?? "0";
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
