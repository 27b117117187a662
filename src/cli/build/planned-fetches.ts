import { type Substitutable, substitutes } from "#build/engine/supply/substitution.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";

/** What would be taken from caches, with all that it refers to. Sizes in bytes, 0 where nobody says. */
export interface PlannedFetches {
  readonly paths: Substitutable;
  readonly downloadSize: number;
  readonly narSize: number;
  /** Those of the paths that were asked for which no cache has. */
  readonly unknown: readonly StorePath[];
}

/** Asks a store what it would fetch to have `paths`. */
export async function plannedFetches(store: Store, paths: readonly StorePath[]): Promise<PlannedFetches> {
  const valid = await store.queryValidPaths(paths);
  const missing = paths.filter((path) => !valid.has(path));
  if (missing.length === 0) return { paths: new Map(), downloadSize: 0, narSize: 0, unknown: [] };
  if (substitutes(store)) {
    const found = await store.querySubstitutableClosure(missing);
    const all = [...found.values()];
    return {
      paths: new Map(all.map(({ info, from }) => [info.path, from.uri])),
      downloadSize: all.reduce((sum, { downloadSize }) => sum + downloadSize, 0),
      narSize: all.reduce((sum, { info }) => sum + info.narSize, 0),
      unknown: missing.filter((path) => !found.has(path)),
    };
  }
  if (!("queryMissing" in store)) return { paths: new Map(), downloadSize: 0, narSize: 0, unknown: missing };
  const asked = missing.map((path) => ({ kind: "opaque" as const, path }));
  const { willSubstitute, downloadSize, narSize } = await (store as Store & Realiser).queryMissing(asked);
  const found = new Set(willSubstitute);
  return {
    paths: new Map(willSubstitute.map((path) => [path, undefined])),
    downloadSize,
    narSize,
    unknown: missing.filter((path) => !found.has(path)),
  };
}
