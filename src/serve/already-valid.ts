import { BARE_RESULT, type KeyedBuildResult } from "#nix/build-result.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { Store } from "#store/store.ts";

/**
 * The results of making `paths` valid where all of them are plain paths that are valid: what every copy from
 * a store begins with. Undefined where it takes more than looking.
 */
export async function alreadyValid(
  store: Store,
  paths: readonly DerivedPath[],
): Promise<KeyedBuildResult[] | undefined> {
  const plain = paths.flatMap((path) => (path.kind === "opaque" ? [path.path] : []));
  if (plain.length < paths.length) return undefined;
  const valid = await store.queryValidPaths(plain);
  if (plain.some((path) => !valid.has(path))) return undefined;
  return paths.map((path) => ({ ...BARE_RESULT, status: "AlreadyValid", path }));
}
