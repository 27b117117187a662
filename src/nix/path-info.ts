import type { ContentAddress } from "./content-address.ts";
import type { Hash } from "./hash.ts";
import type { StorePath } from "./store-path.ts";

/** What a store knows of a valid path. */
export interface PathInfo {
  readonly path: StorePath;
  /** The derivation it was built by, if known. */
  readonly deriver?: StorePath | undefined;
  /** SHA-256 of the NAR. */
  readonly narHash: Hash;
  /** Bytes of the NAR; 0 means unknown. */
  readonly narSize: number;
  /** Sorted, without duplicates; may hold the path itself. */
  readonly references: readonly StorePath[];
  /** Seconds since the epoch; 0 means unknown. */
  readonly registrationTime: number;
  /** Built here, hence trusted without a signature. */
  readonly ultimate: boolean;
  /** `name:base64`, sorted. */
  readonly signatures: readonly string[];
  readonly contentAddress?: ContentAddress | undefined;
}

/** What is known of a path in the store that it comes to: it was built elsewhere. */
export function arriving(info: PathInfo): PathInfo {
  return info.ultimate ? { ...info, ultimate: false } : info;
}
