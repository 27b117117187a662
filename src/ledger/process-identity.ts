import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { startTimeOf } from "#sandbox/process-tree.ts";
import { isRunning } from "#transport/running-process.ts";

/** Which process did something: its number alone is given to another one day. */
export interface ProcessIdentity {
  /** The machine and, where it says, its boot. */
  readonly host: string;
  readonly pid: number;
  /** When it began, as the machine counts; empty where it does not say. */
  readonly startTime: string;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { host: thisHost(), pid: process.pid, startTime: startTimeOf(process.pid) ?? "" };
}

/** Whether a process may still run; one of another machine may, for all we know. */
export function mayRun({ host, pid, startTime }: ProcessIdentity): boolean {
  const [machine, boot] = split(host);
  const [here, thisBoot] = split(thisHost());
  if (machine !== here) return true;
  if (boot !== thisBoot || !isRunning(pid)) return false;
  const now = startTimeOf(pid);
  return now === undefined || startTime === "" || now === startTime;
}

function thisHost(): string {
  known ??= `${hostname()} ${readBootId()}`;
  return known;
}

function split(host: string): [machine: string, boot: string] {
  const cut = host.indexOf(" ");
  return cut < 0 ? [host, ""] : [host.slice(0, cut), host.slice(cut + 1)];
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

let known: string | undefined;
