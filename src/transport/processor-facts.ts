import { readFile } from "node:fs/promises";

/** What Linux says of the processors, as `/proc/cpuinfo` has it; nothing elsewhere. */
export async function processorFacts(): Promise<string> {
  facts ??= readFile("/proc/cpuinfo", "latin1").catch(() => "");
  return await facts;
}

let facts: Promise<string> | undefined;
