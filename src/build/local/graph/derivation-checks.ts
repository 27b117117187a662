import { derivationType } from "#nix/derivation-type.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { DerivationGraph } from "./derivation-graph.ts";

/** Refuses, in Nix's words, to be asked for outputs that a derivation does not have. */
export function checkHasOutputs(
  graph: DerivationGraph,
  { drvPath, outputs }: Extract<DerivedPath, { kind: "built" }>,
): void {
  const has = graph.derivation(drvPath).outputs;
  const missing = outputs === "*" ? [] : outputs.filter((name) => !has.has(name));
  if (missing.length === 0) return;
  const names = missing.map((name) => `'${name}'`).join(", ");
  throw new BuildFailure(
    "MiscFailure",
    `derivation '${graph.print(drvPath)}' does not have wanted outputs ${names}`,
  );
}

/** What is not impure itself, or fixed, would differ each time with what it is built from. */
export function checkPurity(graph: DerivationGraph, drvPath: StorePath): void {
  const typeOf = (path: StorePath) => derivationType(graph.derivation(path));
  if (["impure", "fixed"].includes(typeOf(drvPath))) return;
  for (const input of graph.derivation(drvPath).inputDerivations.keys())
    if (typeOf(input) === "impure")
      throw new BuildFailure(
        "InputRejected",
        `pure derivation '${graph.print(drvPath)}' depends on impure derivation '${graph.print(input)}'`,
      );
}

/** Derivations that others make are not known before those are built. */
export function checkStatic(graph: DerivationGraph, drvPath: StorePath): void {
  for (const [input, { dynamic }] of graph.derivation(drvPath).inputDerivations)
    if (dynamic.size > 0)
      throw new BuildFailure(
        "InputRejected",
        `Cannot build '${graph.print(drvPath)}'.\nReason: Building dynamic derivations in one shot is not yet implemented, and it depends on outputs of what '${graph.print(input)}' builds`,
      );
}
