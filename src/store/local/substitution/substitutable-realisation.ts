import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import { parseDrvOutput } from "#nix/realisation-text.ts";
import { isTrustworthyRealisation } from "../addition/trust.ts";
import type { StoreContext } from "../context.ts";
import { queryRealisation } from "../database/realisations.ts";
import { askSubstituter } from "./ask-substituter.ts";

/** What the first substituter that knows it, and may be believed, says an output was realised as. */
export async function findSubstitutableRealisation(
  store: StoreContext,
  id: DrvOutput,
): Promise<Realisation | undefined> {
  for (const from of await store.substituters()) {
    const realisation = await askSubstituter(store, from, async () => await from.queryRealisation?.(id));
    if (!realisation || !(from.trusted || isTrustworthyRealisation(store, realisation))) continue;
    if (isCompatible(store, realisation)) return realisation;
  }
  return undefined;
}

/** Where its inputs were realised as something else here, a closure would hold both. */
function isCompatible(store: StoreContext, { dependentRealisations }: Realisation): boolean {
  return [...dependentRealisations].every(([id, path]) => {
    const ours = queryRealisation(store, parseDrvOutput(id));
    return ours === undefined || ours.outPath === path;
  });
}
