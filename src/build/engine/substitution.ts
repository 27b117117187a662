import type { StorePath } from "#nix/store-path.ts";
import type { Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import type { Wish } from "./plan.ts";

/** Paths that a store would take from its binary caches to make wishes true; empty where it has none. */
export async function substitutablePaths(store: Store, wishes: readonly Wish[]): Promise<Set<StorePath>> {
  if (!("queryMissing" in store)) return new Set();
  const held = await store.queryValidPaths(wishes.map(({ drvPath }) => drvPath));
  const asked = wishes.filter(({ drvPath }) => held.has(drvPath));
  if (asked.length === 0) return new Set();
  const { willSubstitute } = await (store as Store & Realiser).queryMissing(
    asked.map(({ drvPath, outputs }) => ({ kind: "built", drvPath, outputs })),
  );
  return new Set(willSubstitute);
}
