import { resolve } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { StoreReference } from "#nix/store-reference.ts";
import { type BinaryCacheOptions, BinaryCacheStore } from "./binary-cache-store.ts";
import type { CacheFiles } from "./cache-files.ts";
import { FolderFiles } from "./folder-files.ts";
import { HttpFiles, type HttpOptions } from "./http-files.ts";
import type { NarInfoMemory } from "./narinfo-memory.ts";

/** Whether a store URI names a binary cache. */
export function isBinaryCache({ scheme }: StoreReference): boolean {
  return scheme === "file" || scheme === "http" || scheme === "https";
}

export interface OpenCacheOptions extends Omit<BinaryCacheOptions, "memory">, HttpOptions {
  /** Opens what caches behind http said in other runs: what lies in a folder is looked at as fast. */
  readonly openMemory?: () => NarInfoMemory | undefined;
}

/** Opens `file:///folder` or `http(s)://…`, with Nix's parameter `compression`. Nothing is asked of it yet. */
export function openBinaryCache(
  reference: StoreReference,
  { openMemory, ...options }: OpenCacheOptions = {},
): BinaryCacheStore {
  const compression = reference.params.get("compression");
  return new BinaryCacheStore(filesOf(reference, options), {
    ...options,
    ...(compression && { compression }),
    ...(reference.scheme !== "file" && { memory: openMemory?.() }),
  });
}

function filesOf({ scheme, authority }: StoreReference, options: HttpOptions): CacheFiles {
  if (scheme === "file") return new FolderFiles(resolve(authority));
  if (scheme === "http" || scheme === "https") return new HttpFiles(`${scheme}://${authority}`, options);
  throw new ElsewhereError(
    "NO_CACHE",
    `Cannot use '${scheme}://${authority}' as a binary cache: want file, http or https`,
  );
}
