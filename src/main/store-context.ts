import { ElsewhereError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR, parseStoreDir, type StoreDir } from "#nix/store-path.ts";
import type { StoreReference } from "#nix/store-reference.ts";
import type { openBinaryCache } from "#store/binary-cache/open-binary-cache.ts";
import type { LocalStoreOptions } from "#store/local/settings.ts";

/** What the world around gives for opening stores. */
export interface StoreContext {
  readonly env: NodeJS.ProcessEnv;
  /** What a local store shall be told besides its reference; where it is a function, found out when one is opened. */
  readonly local?: LocalStoreOptions | (() => Promise<LocalStoreOptions>);
  /** What a binary cache shall be told besides its reference. */
  readonly cache?: Parameters<typeof openBinaryCache>[1];
  /** Seconds to wait for a host. */
  readonly connectTimeoutS?: number;
}

/** A parameter that is a whole number above zero. */
export function positiveParam({ params }: StoreReference, name: string): number | undefined {
  const text = params.get(name);
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new ElsewhereError("MALFORMED", `Cannot use '${name}=${text}': want a whole number above zero`);
  return Number(text);
}

/** The store directory that a store elsewhere is taken to have. */
export function storeDirOf({ params }: StoreReference, env: NodeJS.ProcessEnv): StoreDir {
  const given = params.get("store") ?? env.NIX_STORE_DIR;
  return given ? parseStoreDir(given) : DEFAULT_STORE_DIR;
}
