import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import {
  formatDrvOutput,
  formatRealisation,
  parseDrvOutput,
  parseRealisation,
} from "#nix/realisation-text.ts";
import type { Codec } from "../codec/codec.ts";
import { mapped } from "../codec/derive.ts";
import { text } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { storePath } from "./store-path.ts";
import { textSet } from "./text-set.ts";

/** As `sha256:<base16>!out`. */
export const drvOutput: Codec<DrvOutput> = mapped(text, { parse: parseDrvOutput, print: formatDrvOutput });

/** As JSON in a text. Signatures are written as the texts that every release reads. */
export const realisation: Codec<Realisation> = mapped(text, {
  parse: parseRealisation,
  print: formatRealisation,
});

/** What an output turned out to be, where the derivation is known from elsewhere. */
export const unkeyedRealisation = struct({ outPath: storePath, signatures: textSet });

/** An output named by its derivation's path, as serve 2.8 and `realisation-with-path-not-hash` have it. */
export const buildTraceKey = struct({ drvPath: storePath, outputName: text });

/** The newer form of a realisation. */
export const buildTraceEntry = struct({ id: buildTraceKey, value: unkeyedRealisation });
