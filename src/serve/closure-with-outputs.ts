import { isDerivationPath, type StorePath } from "#nix/store-path.ts";
import { type ServableStore, storeThatCan } from "./served-store.ts";

/** The closure of `paths`, where every derivation in it also brings its valid outputs and their closures. */
export async function closureWithOutputs(
  store: ServableStore,
  paths: readonly StorePath[],
): Promise<Set<StorePath>> {
  const closure = new Set<StorePath>();
  let open = new Set(paths);
  while (open.size > 0) {
    const found = (await store.queryClosure(open))
      .map(({ path }) => path)
      .filter((path) => !closure.has(path));
    for (const path of found) closure.add(path);
    open = await validOutputs(store, found.filter(isDerivationPath));
    for (const path of closure) open.delete(path);
  }
  return closure;
}

async function validOutputs(store: ServableStore, drvPaths: readonly StorePath[]): Promise<Set<StorePath>> {
  const outputs: StorePath[] = [];
  const able = storeThatCan(store, "queryDerivationOutputMap");
  for (const drvPath of drvPaths)
    for (const output of (await able.queryDerivationOutputMap(drvPath)).values())
      if (output) outputs.push(output);
  return await store.queryValidPaths(outputs);
}
