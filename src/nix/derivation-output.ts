import { MalformedError, unreachable } from "#base/errors.ts";
import {
  formatMethodAlgorithm,
  makeContentAddressedPath,
  outputPathName,
  parseMethodAlgorithm,
} from "./content-address.ts";
import type { DerivationOutput } from "./derivation.ts";
import { formatDigest, parseDigest } from "./hash.ts";
import { parseStorePath, printStorePath, type StoreDir, type StorePath } from "./store-path.ts";

/** An output as the three texts that a `.drv` file and both protocols hold: path, `[r:]algorithm`, digest. */
export interface OutputFields {
  readonly path: string;
  readonly algorithm: string;
  /** Base 16, or the word `impure`. */
  readonly hash: string;
}

/** Which output of which derivation is meant. */
export interface OutputPlace {
  readonly storeDir: StoreDir;
  /** Name of the derivation, without `.drv`. */
  readonly drvName: string;
  readonly outputName: string;
}

/** The output that three texts stand for. A fixed output's path must be the one that its hash makes. */
export function parseOutputFields(fields: OutputFields, place: OutputPlace): DerivationOutput {
  const { path, algorithm, hash } = fields;
  if (algorithm === "") {
    if (hash !== "") throw fault(place, hash, "it has a hash and no hash algorithm");
    if (path === "") return DEFERRED;
    return { kind: "input-addressed", path: parseStorePath(place.storeDir, path) };
  }
  const made = parseMethodAlgorithm(algorithm);
  if (hash === "" || hash === "impure") {
    if (path !== "") throw fault(place, path, "its path cannot be known before it is built");
    return { kind: hash === "" ? "floating" : "impure", ...made };
  }
  const digest = parseDigest(hash, made.algorithm);
  const address = { method: made.method, hash: { algorithm: made.algorithm, digest } };
  const output: DerivationOutput = { kind: "fixed", address };
  const right = printStorePath(place.storeDir, staticOutputPath(output, place)!);
  if (path !== right) throw fault(place, path, `its hash makes '${right}'`);
  return output;
}

export function outputFields(output: DerivationOutput, place: OutputPlace): OutputFields {
  switch (output.kind) {
    case "input-addressed":
      return { path: printStorePath(place.storeDir, output.path), algorithm: "", hash: "" };
    case "fixed":
      return {
        path: printStorePath(place.storeDir, staticOutputPath(output, place)!),
        algorithm: formatMethodAlgorithm(output.address.method, output.address.hash.algorithm),
        hash: formatDigest(output.address.hash, "base16"),
      };
    case "floating":
    case "impure":
      return {
        path: "",
        algorithm: formatMethodAlgorithm(output.method, output.algorithm),
        hash: output.kind === "impure" ? "impure" : "",
      };
    case "deferred":
      return { path: "", algorithm: "", hash: "" };
    default:
      return unreachable(output);
  }
}

/** The path of an output as far as the derivation itself tells; undefined where only a build can. */
export function staticOutputPath(output: DerivationOutput, place: OutputPlace): StorePath | undefined {
  if (output.kind === "input-addressed") return output.path;
  if (output.kind !== "fixed") return undefined;
  const name = outputPathName(place.drvName, place.outputName);
  return makeContentAddressedPath(place.storeDir, name, output.address);
}

/** The paths of all outputs by name, in order. */
export function staticOutputPaths(
  storeDir: StoreDir,
  drv: { readonly name: string; readonly outputs: ReadonlyMap<string, DerivationOutput> },
): Map<string, StorePath | undefined> {
  const paths = new Map<string, StorePath | undefined>();
  for (const [outputName, output] of drv.outputs)
    paths.set(outputName, staticOutputPath(output, { storeDir, drvName: drv.name, outputName }));
  return paths;
}

function fault(place: OutputPlace, found: string, why: string): MalformedError {
  return new MalformedError(`output '${place.outputName}' of derivation '${place.drvName}'`, found, why);
}

const DEFERRED: DerivationOutput = { kind: "deferred" };
