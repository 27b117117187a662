import type { Codec } from "../codec/codec.ts";
import { since } from "../codec/derive.ts";
import { bool, u64 } from "../codec/primitives.ts";
import { type StructOf, struct } from "../codec/struct.ts";

const fields = {
  /** Seconds; 0 for no limit. */
  maxSilentTimeS: u64,
  timeoutS: u64,
  /** 0 for no limit. */
  maxLogSizeBytes: since(2, u64, 0),
  /** Builds that are repeated, and whether they must agree: no release does that any more. */
  repeats: since(3, u64, 0),
  enforceDeterminism: since(3, bool, false),
  keepFailed: since(7, bool, false),
} as const;

/** The limits that travel with each build. */
export type ServeBuildOptions = StructOf<typeof fields>;

export const serveBuildOptions: Codec<ServeBuildOptions> = struct(fields);
