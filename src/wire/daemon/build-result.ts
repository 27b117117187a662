import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { Codec } from "../codec/codec.ts";
import { mapped, nothing, since, withFeature } from "../codec/derive.ts";
import { optional } from "../codec/optional.ts";
import { bool, text, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import {
  buildStatus,
  builtOutputsByHash,
  builtOutputsByName,
  inNixWords,
  NO_OUTPUTS,
} from "../values/build-result.ts";
import { derivedPath } from "../values/derived-path.ts";
import { BUILD_MEMORY_PEAK, BUILD_STATUS_ALL, REALISATION_WITH_PATH } from "./version.ts";

const anyResult: Codec<BuildResult> = struct({
  status: buildStatus,
  errorMessage: text,
  timesBuilt: since(29, u64, 0),
  isNonDeterministic: since(29, bool, false),
  startTime: since(29, u64, 0),
  stopTime: since(29, u64, 0),
  cpuUserUs: since(37, optional(u64), undefined),
  cpuSystemUs: since(37, optional(u64), undefined),
  memoryPeakBytes: withFeature(BUILD_MEMORY_PEAK, optional(u64), nothing as Codec<number | undefined>),
  builtOutputs: since(
    28,
    withFeature(REALISATION_WITH_PATH, builtOutputsByName, builtOutputsByHash),
    NO_OUTPUTS,
  ),
});

/** The worker protocol's `BuildResult`. */
export const buildResult: Codec<BuildResult> = mapped(anyResult, {
  parse: (result) => result,
  print: (result, { features }) => (features.has(BUILD_STATUS_ALL) ? result : inNixWords(result)),
});

/** What was asked for, then how it ended. */
export const keyedBuildResult: Codec<KeyedBuildResult> = mapped(
  struct({ path: derivedPath, result: buildResult }),
  {
    parse: ({ path, result }) => ({ path, ...result }),
    print: (keyed) => ({ path: keyed.path, result: keyed }),
  },
);
