import { Buffer } from "node:buffer";
import { hash as digestOf } from "node:crypto";
import { ElsewhereError } from "#base/errors.ts";
import { asBuffer, compareText, encodeText } from "#base/text.ts";
import { makeContentAddressedPath, makeOutputPath } from "./content-address.ts";
import type { Derivation } from "./derivation.ts";
import { type FormatMask, formatDerivation, maskContents } from "./derivation-aterm.ts";
import { outputFields, staticOutputPath } from "./derivation-output.ts";
import { derivationType } from "./derivation-type.ts";
import { type Hash, sha256 } from "./hash.ts";
import { printStorePath, type StoreDir, type StorePath } from "./store-path.ts";

/** What a derivation counts as where it is an input: what it makes, not how. Source: Nix manual, "hash modulo". */
export interface ModuloHash {
  /** Base-16 SHA-256. */
  readonly hex: string;
  /** Output paths that depend on it are not known before something is built. */
  readonly deferred: boolean;
  readonly outputs: ReadonlySet<string>;
}

/** The modulo hash of an input derivation; throws when it is not known. */
export type InputHashes = (drvPath: StorePath) => ModuloHash;

export interface HashOptions {
  /** Print the own output paths as empty: for the hash that makes them. */
  readonly mask?: boolean;
  /** The bytes of the derivation's file, where they are at hand: saves printing it. */
  readonly contents?: Uint8Array | undefined;
  /** What `hashInputs` says, where it was asked already. */
  readonly hashedInputs?: HashedInputs | undefined;
}

/** The inputs of a derivation by their base-16 hashes, sorted, with the outputs that are needed of each. */
export interface HashedInputs {
  readonly byHash: ReadonlyMap<string, readonly string[]>;
  readonly deferred: boolean;
}

/** The store path of a derivation's `.drv` file. `contents` may be given where they are at hand. */
export function derivationPath(
  storeDir: StoreDir,
  drv: Derivation,
  contents: Uint8Array = encodeText(formatDerivation(storeDir, drv)),
): StorePath {
  const others = [...drv.inputSources, ...drv.inputDerivations.keys()];
  const address = { method: "text", hash: sha256(contents) } as const;
  return makeContentAddressedPath(storeDir, `${drv.name}.drv`, address, { others, self: false });
}

/** The hash that a derivation has as an input of others (`mask` false), or that makes its own output paths (true). */
export function hashModulo(
  storeDir: StoreDir,
  drv: Derivation,
  inputs: InputHashes,
  { mask = false, contents, hashedInputs }: HashOptions = {},
): ModuloHash {
  const type = derivationType(drv);
  const outputs = new Set(drv.outputs.keys());
  if (type === "fixed") return { hex: fixedHash(storeDir, drv), deferred: false, outputs };
  if (type === "impure") return { hex: IMPURE_HASH, deferred: true, outputs };
  const { byHash, deferred } = hashedInputs ?? hashInputs(drv, inputs);
  const hex = hashUnder(storeDir, drv, { mask: { outputs: mask, inputs: byHash }, contents });
  return { hex, deferred: deferred || type === "floating", outputs };
}

/** The id under which realisations of `drv` are known: `sha256:<base16>` of this, `!`, the output's name. */
export function realisationHash(storeDir: StoreDir, drv: Derivation, inputs: InputHashes): Hash {
  return fromHex(hashModulo(storeDir, drv, inputs, { mask: true }).hex);
}

/** The path that each output of `drv` must have; undefined where only a build can tell. */
export function outputPaths(
  storeDir: StoreDir,
  drv: Derivation,
  inputs: InputHashes,
  options: HashOptions = {},
): Map<string, StorePath | undefined> {
  const type = derivationType(drv);
  const addressed =
    type === "input-addressed" || type === "deferred"
      ? maskedHash(storeDir, drv, { ...options, inputs })
      : undefined;
  const paths = new Map<string, StorePath | undefined>();
  for (const [outputName, output] of drv.outputs) {
    const place = { storeDir, drvName: drv.name, outputName };
    if (type === "fixed") paths.set(outputName, staticOutputPath(output, place));
    else paths.set(outputName, addressed && makeOutputPath(storeDir, outputName, addressed, drv.name));
  }
  return paths;
}

/** Throws unless every path that `drv` states, also in its environment, is the one that it must have. */
export function checkOutputPaths(
  storeDir: StoreDir,
  drv: Derivation,
  inputs: InputHashes,
  options: HashOptions = {},
): void {
  const type = derivationType(drv);
  // A fixed output's path is not stated: its hash makes it.
  if (type === "fixed") return;
  for (const [outputName, path] of outputPaths(storeDir, drv, inputs, options)) {
    const stated = staticOutputPath(drv.outputs.get(outputName)!, {
      storeDir,
      drvName: drv.name,
      outputName,
    });
    if (stated !== path) throw wrongPath(drv, { outputName, stated, path });
    const value = drv.env.get(outputName);
    if (type === "input-addressed" && value !== undefined && value !== printStorePath(storeDir, path!))
      throw wrongPath(drv, { outputName, stated: value, path });
  }
}

/** `drv` with the paths that can be known in the place of deferred outputs, also in its environment. Throws on a wrong path. */
export function fillOutputPaths(storeDir: StoreDir, drv: Derivation, inputs: InputHashes): Derivation {
  const type = derivationType(drv);
  if (type !== "deferred") {
    checkOutputPaths(storeDir, drv, inputs);
    return drv;
  }
  const outputs = new Map(drv.outputs);
  const env = new Map(drv.env);
  for (const [outputName, path] of outputPaths(storeDir, drv, inputs)) {
    if (!path) return drv;
    outputs.set(outputName, { kind: "input-addressed", path });
    env.set(outputName, printStorePath(storeDir, path));
  }
  return { ...drv, outputs, env: new Map([...env].sort(([a], [b]) => compareText(a, b))) };
}

function maskedHash(
  storeDir: StoreDir,
  drv: Derivation,
  { inputs, contents, hashedInputs }: HashOptions & { inputs: InputHashes },
): Hash | undefined {
  // As if filled in: a deferred output's own hash does not make it so, its inputs' do.
  const { byHash, deferred } = hashedInputs ?? hashInputs(drv, inputs);
  if (deferred) return undefined;
  return fromHex(hashUnder(storeDir, drv, { mask: { outputs: true, inputs: byHash }, contents }));
}

function hashUnder(
  storeDir: StoreDir,
  drv: Derivation,
  { mask, contents }: { mask: FormatMask; contents?: Uint8Array | undefined },
): string {
  const cut = contents && maskContents(storeDir, drv, { contents: asBuffer(contents), mask });
  return cut ? digestOf("sha256", cut, "hex") : hexOf(formatDerivation(storeDir, drv, mask));
}

/** Equal inputs fall together. Throws on an output that an input has not. */
export function hashInputs(drv: Derivation, inputs: InputHashes): HashedInputs {
  const byHash = new Map<string, readonly string[]>();
  let deferred = false;
  for (const [path, { outputs: wanted, dynamic }] of drv.inputDerivations) {
    const { hex, outputs, deferred: isDeferred } = inputs(path);
    if (isDeferred || dynamic.size > 0) deferred = true;
    for (const name of wanted) if (!outputs.has(name)) throw noSuchOutput(drv, path, name);
    if (wanted.length === 0) continue;
    const known = byHash.get(hex);
    byHash.set(hex, known ? [...new Set([...known, ...wanted])].sort(compareText) : wanted);
  }
  const hashes = [...byHash.keys()].sort();
  return { byHash: new Map(hashes.map((hex) => [hex, byHash.get(hex)!])), deferred };
}

function fixedHash(storeDir: StoreDir, drv: Derivation): string {
  const place = { storeDir, drvName: drv.name, outputName: "out" };
  const { path, algorithm, hash } = outputFields(drv.outputs.get("out")!, place);
  return hexOf(`fixed:out:${algorithm}:${hash}:${path}`);
}

function hexOf(text: string): string {
  return digestOf("sha256", text.isWellFormed() ? text : encodeText(text), "hex");
}

function fromHex(hex: string): Hash {
  return { algorithm: "sha256", digest: Buffer.from(hex, "hex") };
}

function noSuchOutput(drv: Derivation, path: StorePath, name: string): ElsewhereError {
  return new ElsewhereError(
    "NO_SUCH_OUTPUT",
    `Cannot hash derivation '${drv.name}': it needs output '${name}' of '${path}', which has no such output`,
  );
}

function wrongPath(
  drv: Derivation,
  {
    outputName,
    stated,
    path,
  }: { outputName: string; stated: string | undefined; path: StorePath | undefined },
): ElsewhereError {
  const right = path ? `should be '${path}'` : "should not be known yet";
  return new ElsewhereError(
    "WRONG_OUTPUT_PATH",
    `Cannot use derivation '${drv.name}': it has incorrect output '${outputName}': '${stated ?? ""}' ${right}`,
  );
}

const IMPURE_HASH = hexOf("impure");
