import type { BasicDerivation, DerivationOutput } from "#nix/derivation.ts";
import { type OutputFields, outputFields, parseOutputFields } from "#nix/derivation-output.ts";
import { nameOf, type StorePath } from "#nix/store-path.ts";
import type { Codec } from "../codec/codec.ts";
import { list, map } from "../codec/collections.ts";
import { mapped } from "../codec/derive.ts";
import { text } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { storePath, storePathSet } from "./store-path.ts";

/** A derivation that a builder is to build, and the path of its file, which gives it its name. */
export interface NamedDerivation {
  readonly drvPath: StorePath;
  readonly derivation: BasicDerivation;
}

/** Three texts, as in ATerm; a fixed output's path is sent though it follows from the rest. */
const rawOutput: Codec<OutputFields> = struct({ path: text, algorithm: text, hash: text });

/** The path of the `.drv`, then the derivation without its name. */
export const namedDerivation: Codec<NamedDerivation> = mapped(
  struct({
    drvPath: storePath,
    outputs: map(text, rawOutput),
    inputSources: storePathSet,
    system: text,
    builder: text,
    args: list(text),
    env: map(text, text),
  }),
  {
    parse: ({ drvPath, outputs, ...rest }, { storeDir }): NamedDerivation => {
      const name = derivationNameOf(drvPath);
      const parse = (fields: OutputFields, outputName: string) =>
        parseOutputFields(fields, { storeDir, drvName: name, outputName });
      return { drvPath, derivation: { name, outputs: mapValues(outputs, parse), ...rest } };
    },
    print: ({ drvPath, derivation }, { storeDir }) => {
      const print = (output: DerivationOutput, outputName: string) =>
        outputFields(output, { storeDir, drvName: derivation.name, outputName });
      return { ...derivation, drvPath, outputs: mapValues(derivation.outputs, print) };
    },
  },
);

function mapValues<A, B>(
  from: ReadonlyMap<string, A>,
  change: (value: A, key: string) => B,
): ReadonlyMap<string, B> {
  return new Map([...from].map(([key, value]) => [key, change(value, key)] as const));
}

function derivationNameOf(drvPath: StorePath): string {
  const name = nameOf(drvPath);
  return name.endsWith(".drv") ? name.slice(0, -".drv".length) : name;
}
