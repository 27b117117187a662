import type { BasicDerivation } from "#nix/derivation.ts";
import { derivationPath, fillOutputPaths } from "#nix/derivation-hash.ts";
import { derivationType } from "#nix/derivation-type.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import { resolveInputs } from "../../engine/plan/resolve.ts";
import type { DerivationGraph } from "./derivation-graph.ts";

/**
 * A derivation with store paths for inputs, all of which are valid. Where an input's path was not known
 * when it was written, it becomes another derivation, with a path of its own. Source: Nix, `tryResolve`.
 */
export async function resolveDerivation(
  graph: DerivationGraph,
  { drvPath, storeDir }: { drvPath: StorePath; storeDir: StoreDir },
): Promise<{ drvPath: StorePath; derivation: BasicDerivation }> {
  const derivation = graph.derivation(drvPath);
  const known = new Map<StorePath, Map<string, StorePath>>();
  let isDeferred = derivationType(derivation) === "deferred";
  for (const input of derivation.inputDerivations.keys()) {
    const outputs = [...(await graph.outputs(input))].filter(
      (entry): entry is [string, StorePath] => entry[1] !== undefined,
    );
    known.set(input, new Map(outputs));
    if (KNOWN_WHEN_BUILT.has(derivationType(graph.derivation(input)))) isDeferred = true;
  }
  const resolved = resolveInputs(derivation, storeDir, (input) => known.get(input)!);
  if (!isDeferred) return { drvPath, derivation: resolved };
  const noInputs = () => {
    throw new Error("a resolved derivation has no input derivations");
  };
  const alone = { ...resolved, inputDerivations: new Map() };
  // A deferred output has its path now: the one that the resolved derivation makes.
  const filled = fillOutputPaths(storeDir, alone, noInputs);
  return { drvPath: derivationPath(storeDir, filled), derivation: filled };
}

const KNOWN_WHEN_BUILT: ReadonlySet<unknown> = new Set(["floating", "impure"]);
