import { MalformedError, unreachable } from "#base/errors.ts";
import {
  formatMethodAlgorithm,
  makeContentAddressedPath,
  outputPathName,
  parseMethodAlgorithm,
} from "#nix/content-address.ts";
import type { BasicDerivation, DerivationOutput } from "#nix/derivation.ts";
import { formatDigest, parseDigest } from "#nix/hash.ts";
import { nameOf, parseStorePath, printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
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
const rawOutput = struct({ path: text, algorithm: text, hash: text });
type RawOutput = { readonly path: string; readonly algorithm: string; readonly hash: string };

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
    parse: ({ drvPath, outputs, ...rest }, { storeDir }): NamedDerivation => ({
      drvPath,
      derivation: {
        name: derivationNameOf(drvPath),
        outputs: new Map([...outputs].map(([name, raw]) => [name, parseOutput(storeDir, raw)] as const)),
        ...rest,
      },
    }),
    print: ({ drvPath, derivation }, { storeDir }) => ({
      ...derivation,
      drvPath,
      outputs: new Map(
        [...derivation.outputs].map(
          ([name, output]) =>
            [
              name,
              printOutput(output, { storeDir, pathName: outputPathName(derivation.name, name) }),
            ] as const,
        ),
      ),
    }),
  },
);

function derivationNameOf(drvPath: StorePath): string {
  const name = nameOf(drvPath);
  return name.endsWith(".drv") ? name.slice(0, -".drv".length) : name;
}

function parseOutput(storeDir: StoreDir, { path, algorithm, hash }: RawOutput): DerivationOutput {
  if (algorithm === "")
    return path === ""
      ? { kind: "deferred" }
      : { kind: "input-addressed", path: parseStorePath(storeDir, path) };
  const how = parseMethodAlgorithm(algorithm);
  if (hash === "" || hash === IMPURE) {
    if (path !== "") throw new MalformedError("derivation output", path, "want no path before it is built");
    return { kind: hash === IMPURE ? "impure" : "floating", ...how };
  }
  parseStorePath(storeDir, path);
  const digest = parseDigest(hash, how.algorithm);
  return { kind: "fixed", address: { method: how.method, hash: { algorithm: how.algorithm, digest } } };
}

function printOutput(
  output: DerivationOutput,
  { storeDir, pathName }: { storeDir: StoreDir; pathName: string },
): RawOutput {
  switch (output.kind) {
    case "input-addressed":
      return { path: printStorePath(storeDir, output.path), algorithm: "", hash: "" };
    case "fixed": {
      const { method, hash } = output.address;
      const path = makeContentAddressedPath(storeDir, pathName, output.address);
      return {
        path: printStorePath(storeDir, path),
        algorithm: formatMethodAlgorithm(method, hash.algorithm),
        hash: formatDigest(hash, "base16"),
      };
    }
    case "floating":
      return { path: "", algorithm: formatMethodAlgorithm(output.method, output.algorithm), hash: "" };
    case "impure":
      return { path: "", algorithm: formatMethodAlgorithm(output.method, output.algorithm), hash: IMPURE };
    case "deferred":
      return { path: "", algorithm: "", hash: "" };
    default:
      return unreachable(output);
  }
}

const IMPURE = "impure";
