import { ElsewhereError } from "#base/errors.ts";
import type { OutputsSpec } from "#nix/derived-path.ts";
import { parseOutputsSpec, splitOutputsSpec } from "#nix/derived-path-text.ts";
import { isDerivationPath, parseInStore, type StoreDir, type StorePath } from "#nix/store-path.ts";

/** What a person names on the command line. `outputs` undefined: the usual ones. */
export type Installable =
  | { readonly kind: "derivation"; readonly path: StorePath; readonly outputs: OutputsSpec | undefined }
  /** A store path that nobody says how to build. */
  | { readonly kind: "path"; readonly path: StorePath; readonly outputs: undefined }
  /** A `.drv` file outside any store. */
  | { readonly kind: "file"; readonly file: string; readonly outputs: OutputsSpec | undefined }
  /** Derivations as JSON; `-` is standard input. */
  | { readonly kind: "json"; readonly file: string; readonly outputs: OutputsSpec | undefined }
  /** For Nix to evaluate: a flake reference with a fragment, or an attribute path. */
  | { readonly kind: "expression"; readonly text: string; readonly outputs: OutputsSpec | undefined };

/** Tells the kinds of installable apart by their text alone. */
export function parseInstallable(text: string, storeDir: StoreDir): Installable {
  const { base, outputs } = split(text);
  if (base.startsWith(`${storeDir}/`)) {
    const { path, rest } = parseInStore(storeDir, base);
    if (rest === "" && isDerivationPath(path)) return { kind: "derivation", path, outputs };
    if (outputs === undefined) return { kind: "path", path, outputs };
    throw new ElsewhereError(
      "NOT_A_DERIVATION",
      `Cannot build outputs of '${base}': it is not a derivation`,
      {
        hint: "name its .drv (see 'elsewhere path-info --json'), or leave out what follows '^'",
      },
    );
  }
  if (base.endsWith(".drv")) return { kind: "file", file: base, outputs };
  if (base === "-" || base.endsWith(".json")) return { kind: "json", file: base, outputs };
  return { kind: "expression", text: base, outputs };
}

function split(text: string): { base: string; outputs: OutputsSpec | undefined } {
  const old = /^(.*\.drv)!(.+)$/s.exec(text);
  if (old) return { base: old[1]!, outputs: parseOutputsSpec(old[2]!) };
  return splitOutputsSpec(text);
}
