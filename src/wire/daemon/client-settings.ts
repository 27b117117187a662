import type { Codec } from "../codec/codec.ts";
import { map } from "../codec/collections.ts";
import { filler } from "../codec/derive.ts";
import { bool, text, u64 } from "../codec/primitives.ts";
import { type StructOf, struct } from "../codec/struct.ts";

/** An override of our own: what one build may have of memory, in bytes. Offered as the feature `BUILD_MEMORY_LIMIT`. */
export const MAX_BUILD_MEMORY = "max-build-memory";

const fields = {
  keepFailed: bool,
  keepGoing: bool,
  fallback: bool,
  verbosity: u64,
  maxJobs: u64,
  /** Seconds; 0 for no limit. */
  maxSilentTimeS: u64,
  useBuildHook: filler(bool, true),
  /** The verbosity at which build logs are shown: 0 always, 7 hardly ever. */
  buildLogVerbosity: u64,
  logType: filler(u64, 0),
  printBuildTrace: filler(u64, 0),
  cores: u64,
  useSubstitutes: bool,
  /** Every other setting, by its name in nix.conf. */
  overrides: map(text, text),
} as const;

/** What a client of the daemon wants set for its connection. */
export type ClientSettings = StructOf<typeof fields>;

export const clientSettings: Codec<ClientSettings> = struct(fields);
