import { BUILD_STATUSES, type BuildResult, type BuildStatus } from "#nix/build-result.ts";
import type { Realisation } from "#nix/realisation.ts";
import { formatDrvOutput } from "#nix/realisation-text.ts";
import type { Codec } from "../codec/codec.ts";
import { map } from "../codec/collections.ts";
import { enumeration, mapped } from "../codec/derive.ts";
import { text } from "../codec/primitives.ts";
import { ZERO_SHA256 } from "./hash.ts";
import { realisation, unkeyedRealisation } from "./realisation.ts";

export type BuiltOutputs = BuildResult["builtOutputs"];

export const NO_OUTPUTS: BuiltOutputs = new Map();

export const buildStatus: Codec<BuildStatus> = enumeration("build status", BUILD_STATUSES);

/**
 * The result in the words that every release of Nix reads: to clients up to 2.34 a later status is a broken connection.
 * Of what was ended for another's failure Nix says nothing at all.
 */
export function inNixWords(result: BuildResult): BuildResult {
  switch (result.status) {
    case "HashMismatch":
      return { ...result, status: "OutputRejected" };
    case "Cancelled":
      return { ...result, status: "MiscFailure", errorMessage: "" };
    default:
      return result;
  }
}

/** By `sha256:<base16>!out`, each a realisation as JSON. */
export const builtOutputsByHash: Codec<BuiltOutputs> = mapped(map(text, realisation), {
  parse: (found): BuiltOutputs =>
    new Map([...found.values()].map((value) => [value.id.outputName, value] as const)),
  print: (outputs) =>
    new Map([...outputs.values()].map((value) => [formatDrvOutput(value.id), value] as const)),
});

/** By output name. The hash of the derivation is not sent: it reads as zeros. */
export const builtOutputsByName: Codec<BuiltOutputs> = mapped(map(text, unkeyedRealisation), {
  parse: (found): BuiltOutputs =>
    new Map(
      [...found].map(([outputName, value]): [string, Realisation] => [
        outputName,
        { id: { drvHash: ZERO_SHA256, outputName }, ...value, dependentRealisations: new Map() },
      ]),
    ),
  print: (outputs) => outputs,
});
