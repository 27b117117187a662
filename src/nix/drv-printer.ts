import { Buffer } from "node:buffer";
import type { Derivation, DerivationOutput, InputOutputs } from "./derivation.ts";
import { outputFields } from "./derivation-output.ts";
import type { StoreDir } from "./store-path.ts";

/** What hashing a derivation modulo its inputs puts in the place of what the file holds. */
export interface FormatMask {
  /** Print the own outputs' paths, also in the environment, as empty. */
  readonly outputs: boolean;
  /** Print these in the place of the input derivations: base-16 hash to output names, both sorted. */
  readonly inputs: ReadonlyMap<string, readonly string[]>;
}

/**
 * The bytes of a derivation under a mask, cut from the bytes of its `.drv` file: as
 * `encodeText(formatDerivation(storeDir, drv, mask))`, without printing what is the same. Undefined where the file
 * is not as it would be printed.
 */
export function maskContents(
  storeDir: StoreDir,
  drv: Derivation,
  { contents, mask }: { contents: Buffer; mask: FormatMask },
): Buffer | undefined {
  const head = `${formatHead(drv)}${formatOutputs(storeDir, drv, false)},${formatInputs(storeDir, drv)}`;
  if (contents.toString("latin1", 0, head.length) !== head) return undefined;
  const masked = `${formatHead(drv)}${formatOutputs(storeDir, drv, mask.outputs)},${formatHashedInputs(mask.inputs)}`;
  const pieces: Buffer[] = [Buffer.from(masked, "latin1")];
  let from = head.length;
  for (const name of mask.outputs ? drv.outputs.keys() : []) {
    const value = drv.env.get(name);
    if (!value) continue;
    // No text holds this: a quote inside a text comes after a backslash.
    const start = contents.indexOf(`("${name}",${quote(value)})`, from);
    if (start < 0) return undefined;
    pieces.push(contents.subarray(from, start), Buffer.from(`("${name}","")`));
    from = start + Buffer.byteLength(`("${name}",${quote(value)})`);
  }
  pieces.push(contents.subarray(from));
  return Buffer.concat(pieces);
}

/** The text of a `.drv` file; its bytes are `encodeText` of it. */
export function formatDerivation(storeDir: StoreDir, drv: Derivation, mask?: FormatMask): string {
  return (
    formatHead(drv) +
    formatOutputs(storeDir, drv, mask?.outputs ?? false) +
    "," +
    (mask ? formatHashedInputs(mask.inputs) : formatInputs(storeDir, drv)) +
    "," +
    formatRest(storeDir, drv) +
    formatEnvironment(drv, mask?.outputs ?? false) +
    ")"
  );
}

function formatHead(drv: Derivation): string {
  for (const input of drv.inputDerivations.values())
    if (input.dynamic.size > 0) return 'DrvWithVersion("xp-dyn-drv",';
  return "Derive(";
}

function formatOutputs(storeDir: StoreDir, drv: Derivation, masked: boolean): string {
  const items: string[] = [];
  for (const [outputName, output] of drv.outputs) {
    const place = { storeDir, drvName: drv.name, outputName };
    const { path, algorithm, hash } = masked
      ? { ...outputFields(withoutPath(output), place), path: "" }
      : outputFields(output, place);
    items.push(`(${quote(outputName)},"${path}","${algorithm}","${hash}")`);
  }
  return `[${items.join(",")}]`;
}

function withoutPath(output: DerivationOutput): DerivationOutput {
  return output.kind === "input-addressed" ? DEFERRED : output;
}

function formatInputs(storeDir: StoreDir, drv: Derivation): string {
  let text = "[";
  for (const [path, input] of drv.inputDerivations)
    text += `${text.length > 1 ? "," : ""}("${storeDir}/${path}",${formatInputOutputs(input)})`;
  return `${text}]`;
}

function formatHashedInputs(inputs: ReadonlyMap<string, readonly string[]>): string {
  let text = "[";
  for (const [hash, outputs] of inputs)
    text += `${text.length > 1 ? "," : ""}("${hash}",${formatPlainList(outputs)})`;
  return `${text}]`;
}

/** Recurses as deep as the parser lets outputs of outputs nest. */
function formatInputOutputs({ outputs, dynamic }: InputOutputs): string {
  if (dynamic.size === 0) return formatPlainList(outputs);
  const nested = [...dynamic].map(([name, inner]) => `(${quote(name)},${formatInputOutputs(inner)})`);
  return `(${formatPlainList(outputs)},[${nested.join(",")}])`;
}

function formatRest(storeDir: StoreDir, drv: Derivation): string {
  const sources = drv.inputSources.map((path) => `"${storeDir}/${path}"`);
  const args = drv.args.map(quote);
  return `[${sources.join(",")}],${quote(drv.system)},${quote(drv.builder)},[${args.join(",")}],`;
}

function formatEnvironment(drv: Derivation, masked: boolean): string {
  let text = "[";
  for (const [name, value] of drv.env) {
    const shown = masked && drv.outputs.has(name) ? '""' : quote(value);
    text += `${text.length > 1 ? "," : ""}(${quote(name)},${shown})`;
  }
  return `${text}]`;
}

function formatPlainList(texts: readonly string[]): string {
  return texts.length === 1 ? `[${quote(texts[0]!)}]` : `[${texts.map(quote).join(",")}]`;
}

/** Nix escapes neither systems nor output names, and cannot read what it then writes: no text may break out here. */
function quote(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  // JSON escapes the same characters, and others as well: where none of those is, the engine's own is faster.
  if (!SPECIAL_TO_JSON.test(text)) return JSON.stringify(text);
  return `"${text.replace(/["\\\n\r\t]/g, (char) => ESCAPES[char]!)}"`;
}

const SPECIAL = /["\\\n\r\t]/;
const SPECIAL_TO_JSON = /[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]/;
const ESCAPES: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
const DEFERRED: DerivationOutput = { kind: "deferred" };
