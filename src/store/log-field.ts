import type { LogField } from "#nix/log-event.ts";
import { parseStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";

/** The store path that a field of an activity holds; undefined where it holds none. */
export function pathInField(field: LogField | undefined, storeDir: StoreDir): StorePath | undefined {
  try {
    return typeof field === "string" ? parseStorePath(storeDir, field) : undefined;
  } catch {
    return undefined;
  }
}

/** The number of bytes that a field of a result holds; 0 where it holds none that makes sense. */
export function bytesInField(field: LogField | undefined): number {
  return typeof field === "number" && Number.isSafeInteger(field) && field > 0 ? field : 0;
}
