import { MalformedError } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import type { DerivedPath, OutputsSpec } from "./derived-path.ts";
import { parseStorePath, printStorePath, type StoreDir, type StorePath } from "./store-path.ts";

/** `^` as people write it, `!` as the protocols do. */
export type OutputsSeparator = "^" | "!";

/** `/nix/store/x`, `/nix/store/x.drv!out,dev` or `/nix/store/x.drv!*`. */
export function formatDerivedPath(
  storeDir: StoreDir,
  path: DerivedPath,
  separator: OutputsSeparator = "^",
): string {
  if (path.kind === "opaque") return printStorePath(storeDir, path.path);
  return `${printStorePath(storeDir, path.drvPath)}${separator}${formatOutputsSpec(path.outputs)}`;
}

/**
 * Reads what `formatDerivedPath` prints. Outputs of outputs (`x.drv^a^b`), which only dynamic derivations have,
 * are refused.
 */
export function parseDerivedPath(
  storeDir: StoreDir,
  text: string,
  separator: OutputsSeparator = "^",
): DerivedPath {
  const cut = text.lastIndexOf(separator);
  if (cut < 0) return { kind: "opaque", path: parseStorePath(storeDir, text) };
  const drvText = text.slice(0, cut);
  if (drvText.includes(separator))
    throw new MalformedError(
      "derived path",
      text,
      "Building dynamic derivations in one shot is not yet implemented",
    );
  const drvPath = parseStorePath(storeDir, drvText);
  if (!drvPath.endsWith(".drv"))
    throw new MalformedError(
      "derived path",
      text,
      "only a derivation has outputs: want a path ending in .drv",
    );
  return { kind: "built", drvPath, outputs: parseOutputsSpec(text.slice(cut + 1)) };
}

/** `*`, or output names with commas between. */
export function parseOutputsSpec(text: string): OutputsSpec {
  if (text === "*") return "*";
  const names = text.split(",");
  for (const name of names)
    if (!OUTPUT_NAME.test(name))
      throw new MalformedError("output names", text, "want '*' or names with commas between them");
  return [...new Set(names)].sort(compareText);
}

export function formatOutputsSpec(outputs: OutputsSpec): string {
  return outputs === "*" ? "*" : outputs.join(",");
}

/** `text` without its `^outputs`, and these outputs; undefined where it names none. As in `nixpkgs#hello^dev`. */
export function splitOutputsSpec(text: string): { base: string; outputs: OutputsSpec | undefined } {
  const cut = text.lastIndexOf("^");
  if (cut < 0) return { base: text, outputs: undefined };
  return { base: text.slice(0, cut), outputs: parseOutputsSpec(text.slice(cut + 1)) };
}

/** The form in JSON: names, or `["*"]`. */
export function outputsSpecToJson(outputs: OutputsSpec): readonly string[] {
  return outputs === "*" ? ["*"] : outputs;
}

/** Whether `outputs` asks for `name`. */
export function wantsOutput(outputs: OutputsSpec, name: string): boolean {
  return outputs === "*" || outputs.includes(name);
}

/** Before protocol 1.30 a derivation alone meant all its outputs. */
export function legacyDerivedPath(path: StorePath): DerivedPath {
  return path.endsWith(".drv") ? { kind: "built", drvPath: path, outputs: "*" } : { kind: "opaque", path };
}

const OUTPUT_NAME = /^[0-9a-zA-Z+\-._?=]+$/;
