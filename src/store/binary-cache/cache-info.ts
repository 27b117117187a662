import { MalformedError } from "#base/errors.ts";
import { parseStoreDir, type StoreDir } from "#nix/store-path.ts";

/** The file `nix-cache-info` of a binary cache. */
export interface CacheInfo {
  readonly storeDir: StoreDir | undefined;
  readonly wantMassQuery: boolean;
  /** Less is asked first. */
  readonly priority: number;
}

export const CACHE_INFO_NAME = "nix-cache-info";
export const CACHE_INFO_BYTES_MAX = 64 * 1024;

export function parseCacheInfo(text: string): CacheInfo {
  const values = new Map(text.split("\n").flatMap(splitLine));
  const storeDir = values.get("StoreDir");
  const priority = values.get("Priority") ?? "50";
  if (!/^\d{1,9}$/.test(priority))
    throw new MalformedError("nix-cache-info", priority, "Priority is no number");
  return {
    storeDir: storeDir === undefined ? undefined : parseStoreDir(storeDir),
    wantMassQuery: values.get("WantMassQuery") === "1",
    priority: Number(priority),
  };
}

export function formatCacheInfo(storeDir: StoreDir): string {
  return `StoreDir: ${storeDir}\n`;
}

function splitLine(line: string): [string, string][] {
  const cut = line.indexOf(":");
  return cut < 0 ? [] : [[line.slice(0, cut), line.slice(cut + 1).trim()]];
}
