import type { PathInfo } from "#nix/path-info.ts";
import { isDerivationPath, type StorePath } from "#nix/store-path.ts";
import type { LocalStore } from "#store/local/local-store.ts";

/** The closure that `exportReferencesGraph` describes: derivations in it bring their outputs along, as in Nix. */
export async function exportedClosure(store: LocalStore, roots: readonly StorePath[]): Promise<PathInfo[]> {
  const closure = await store.queryClosure(roots);
  const outputs: StorePath[] = [];
  for (const { path } of closure) {
    if (!isDerivationPath(path)) continue;
    for (const output of (await store.queryDerivationOutputMap(path)).values())
      if (output) outputs.push(output);
  }
  if (outputs.length === 0) return closure;
  const valid = await store.queryValidPaths(outputs);
  return await store.queryClosure([...closure.map(({ path }) => path), ...valid]);
}
