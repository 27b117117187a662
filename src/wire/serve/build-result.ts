import type { BuildResult } from "#nix/build-result.ts";
import type { Codec } from "../codec/codec.ts";
import { choose, mapped, since } from "../codec/derive.ts";
import { bool, text, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import {
  buildStatus,
  builtOutputsByHash,
  builtOutputsByName,
  inNixWords,
  NO_OUTPUTS,
} from "../values/build-result.ts";

const anyResult: Codec<BuildResult> = struct({
  status: buildStatus,
  errorMessage: text,
  timesBuilt: since(3, u64, 0),
  isNonDeterministic: since(3, bool, false),
  startTime: since(3, u64, 0),
  stopTime: since(3, u64, 0),
  builtOutputs: since(
    6,
    choose(({ version }) => (version >= 8 ? builtOutputsByName : builtOutputsByHash)),
    NO_OUTPUTS,
  ),
});

/** The serve protocol's `BuildResult`. */
export const serveBuildResult: Codec<BuildResult> = mapped(anyResult, {
  parse: (result) => result,
  print: inNixWords,
});
