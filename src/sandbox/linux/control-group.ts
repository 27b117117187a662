import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import type { ResourceUsage } from "../sandbox.ts";

/** A control group that holds one run, for its figures and its limit. */
export interface ControlGroup {
  /** Files into which a process writes its id to join. */
  readonly joinFiles: readonly string[];
  readUsage(): ResourceUsage;
  /** Lets the kernel hold it to so much memory; false where that is not ours to say. */
  limitMemory(bytes: number): boolean;
  /** Whether the kernel killed something in it for want of memory. */
  wasOverMemory(): boolean;
  /** Removes it; in the background where it is still busy. */
  remove(): void;
}

/** Makes control groups below the one this process is in, where that is allowed. */
export class ControlGroups {
  readonly #flavour: Flavour | undefined;

  constructor() {
    this.#flavour = findFlavour();
  }

  /** Undefined where none can be made; figures then come from sampling. */
  create(name: string): ControlGroup | undefined {
    const flavour = this.#flavour;
    if (!flavour) return undefined;
    const folders: string[] = [];
    try {
      for (const parent of flavour.parents) {
        mkdirSync(`${parent}/${name}`);
        folders.push(`${parent}/${name}`);
      }
    } catch {
      for (const folder of folders) rmdirSync(folder);
      return undefined;
    }
    return {
      joinFiles: folders.map((folder) => `${folder}/cgroup.procs`),
      readUsage: () => flavour.readUsage(folders),
      limitMemory: (bytes) => limitMemory(folders[0]!, bytes, flavour.memory),
      wasOverMemory: () => /^oom_kill [1-9]/m.test(readText(`${folders[0]}/${flavour.memory.events}`)),
      remove: () => removeAll(folders),
    };
  }

  /** Removes groups whose name `isStale` names; those still in use stay. */
  removeStale(isStale: (name: string) => boolean): void {
    for (const parent of this.#flavour?.parents ?? [])
      for (const entry of readdirSync(parent, { withFileTypes: true }))
        if (entry.isDirectory() && isStale(entry.name)) tryRemove(`${parent}/${entry.name}`);
  }
}

interface Flavour {
  /** The one for memory first. */
  readonly parents: readonly string[];
  readonly memory: MemoryFiles;
  readUsage(folders: readonly string[]): ResourceUsage;
}

/** Names in a group's folder. */
interface MemoryFiles {
  readonly limit: string;
  /** Where the kernel can count swap: its own limit, or that of both. */
  readonly swapLimit: { readonly file: string; readonly countsBoth: boolean };
  /** Tells of processes that were killed. */
  readonly events: string;
}

function findFlavour(): Flavour | undefined {
  const own = ownGroups();
  const unified = own.get("");
  if (unified !== undefined) {
    for (const mount of ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]) {
      const parent = tidy(mount + unified);
      if (!readWords(`${parent}/cgroup.controllers`).includes("memory")) continue;
      enableMemory(parent);
      if (canMakeGroup(parent)) return { parents: [parent], memory: MEMORY_V2, readUsage: readUsageV2 };
    }
  }
  const memory = own.get("memory");
  const cpu = own.get("cpuacct");
  if (memory === undefined || cpu === undefined) return undefined;
  const parents = [tidy(`/sys/fs/cgroup/memory${memory}`), tidy(`/sys/fs/cgroup/cpuacct${cpu}`)];
  return parents.every(canMakeGroup) ? { parents, memory: MEMORY_V1, readUsage: readUsageV1 } : undefined;
}

/** This process's groups by controller; the unified hierarchy is `""`. Source: cgroups(7), /proc/pid/cgroup. */
function ownGroups(): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of readText("/proc/self/cgroup").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(",")) groups.set(controller, path);
  }
  return groups;
}

function canMakeGroup(parent: string): boolean {
  const probe = `${parent}/elsewhere-probe-${process.pid}`;
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}

/** A group with processes of its own may not hand memory on; the CPU figures are there all the same. */
function enableMemory(parent: string): void {
  try {
    writeFileSync(`${parent}/cgroup.subtree_control`, "+memory");
  } catch {
    // The peak is then missing from the figures, which say so by its absence.
  }
}

function readUsageV2([folder]: readonly string[]): ResourceUsage {
  const stat = new Map(
    readText(`${folder}/cpu.stat`)
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
  return {
    measuredBy: "cgroup-v2",
    cpuUserUs: numberOf(stat.get("user_usec")),
    cpuSystemUs: numberOf(stat.get("system_usec")),
    memoryPeakBytes: numberOf(readText(`${folder}/memory.peak`)),
  };
}

function readUsageV1([memory, cpu]: readonly string[]): ResourceUsage {
  return {
    measuredBy: "cgroup-v1",
    cpuUserUs: nanoToMicro(numberOf(readText(`${cpu}/cpuacct.usage_user`))),
    cpuSystemUs: nanoToMicro(numberOf(readText(`${cpu}/cpuacct.usage_sys`))),
    memoryPeakBytes: numberOf(readText(`${memory}/memory.max_usage_in_bytes`)),
  };
}

function nanoToMicro(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : Math.round(nanoseconds / 1000);
}

function numberOf(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  return trimmed && /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** A group is busy for a moment after its last process has gone. */
function removeAll(folders: readonly string[], tries = 0): void {
  const busy = folders.filter((folder) => !tryRemove(folder));
  if (busy.length > 0 && tries < REMOVE_TRIES_MAX) setTimeout(() => removeAll(busy, tries + 1), tries);
}

function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function limitMemory(folder: string, bytes: number, { limit, swapLimit }: MemoryFiles): boolean {
  if (!tryWrite(`${folder}/${limit}`, bytes)) return false;
  tryWrite(`${folder}/${swapLimit.file}`, swapLimit.countsBoth ? bytes : 0);
  return true;
}

/** Only into what is there: a file that is made would limit nothing. */
function tryWrite(file: string, value: number): boolean {
  try {
    writeFileSync(file, `${value}`, { flag: "r+" });
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function readWords(path: string): string[] {
  return readText(path).trim().split(/\s+/);
}

function tidy(path: string): string {
  return path.replace(/\/+$/, "");
}

const REMOVE_TRIES_MAX = 50;
/** Source: the kernel's documentation of memory controllers, versions 2 and 1. */
const MEMORY_V2: MemoryFiles = {
  limit: "memory.max",
  swapLimit: { file: "memory.swap.max", countsBoth: false },
  events: "memory.events",
};
const MEMORY_V1: MemoryFiles = {
  limit: "memory.limit_in_bytes",
  swapLimit: { file: "memory.memsw.limit_in_bytes", countsBoth: true },
  events: "memory.oom_control",
};
