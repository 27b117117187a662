import { ElsewhereError } from "#base/errors.ts";
import type { BasicDerivation, Derivation } from "#nix/derivation.ts";
import { resolveDerivation } from "#nix/resolve.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { KnownOutputs } from "./known-outputs.ts";

/** Paths of the outputs that a derivation takes as inputs, as far as they are known. */
export function inputOutputsOf(
  derivation: Derivation,
  outputsOf: (drvPath: StorePath) => KnownOutputs,
): StorePath[] {
  const paths: StorePath[] = [];
  for (const [input, { outputs }] of derivation.inputDerivations) {
    const known = outputsOf(input);
    for (const name of outputs) {
      const path = known.get(name);
      if (path) paths.push(path);
    }
  }
  return paths;
}

/** A derivation with plain paths for inputs, as a builder takes it. */
export function resolveInputs(
  derivation: Derivation,
  storeDir: StoreDir,
  outputsOf: (drvPath: StorePath) => KnownOutputs,
): BasicDerivation {
  const resolved = resolveDerivation(storeDir, derivation, (drvPath, name) => outputsOf(drvPath).get(name));
  if (resolved) return resolved;
  throw new ElsewhereError(
    "INPUT_MISSING",
    `Cannot build '${derivation.name}': the path of an input is not known`,
  );
}
