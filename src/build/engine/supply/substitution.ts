import type { Derivation } from "#nix/derivation.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { keyNameOf } from "#nix/signature.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { FetchSink } from "#store/fetch-event.ts";
import type { Realiser } from "#store/realiser.ts";
import type { QueryableStore, Store } from "#store/store.ts";
import type { SubstitutingStore, TakenPath } from "#store/substituter.ts";
import type { Origin } from "../../events.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";
import type { Wish } from "../plan/plan.ts";
import { allowsSubstitutes } from "../plan/requirement-of.ts";

/** What a store would take from its caches: paths, and where from, as far as it says. */
export type Substitutable = ReadonlyMap<StorePath, string | undefined>;

export interface SubstitutionQuestion {
  readonly store: Store;
  readonly wishes: readonly Wish[];
  readonly graph: ReadonlyMap<StorePath, Derivation>;
  readonly outputsOf: (drvPath: StorePath) => KnownOutputs;
  /** Whether a near store has it already. */
  readonly exists: (path: StorePath) => boolean;
  /** Also outputs of derivations that say `allowSubstitutes = false`. */
  readonly always: boolean;
}

/** Paths that a store would take from its binary caches to make wishes true; empty where it has none. */
export async function substitutablePaths(question: SubstitutionQuestion): Promise<Substitutable> {
  const { store, wishes } = question;
  if (substitutes(store))
    return await walk(question, async (paths) => {
      const found = await store.querySubstitutable(paths);
      return new Map(Array.from(found, ([path, { from }]) => [path, from.uri]));
    });
  if (!("queryMissing" in store)) return new Map();
  const held = await store.queryValidPaths(wishes.map(({ drvPath }) => drvPath));
  const asked = wishes.filter(({ drvPath }) => held.has(drvPath));
  const { willSubstitute } =
    asked.length === 0
      ? { willSubstitute: [] }
      : await (store as Store & Realiser).queryMissing(
          asked.map(({ drvPath, outputs }) => ({ kind: "built", drvPath, outputs })),
        );
  const told: Substitutable = new Map(willSubstitute.map((path) => [path, undefined]));
  // What the store holds no derivation of, it can only be asked for by path.
  const others = wishes.filter(({ drvPath }) => !held.has(drvPath));
  if (others.length === 0 || !("querySubstitutablePaths" in store)) return told;
  const walked = await walk({ ...question, wishes: others }, async (paths) => {
    const found = await (store as Store as QueryableStore).querySubstitutablePaths(paths);
    return new Map(Array.from(found, (path) => [path, undefined]));
  });
  return new Map([...told, ...walked]);
}

/** Whether a store says what it could take, and from which cache. */
export function substitutes(store: Store): store is SubstitutingStore {
  return "querySubstitutableClosure" in store;
}

/** Where a path was taken from, and names of the keys that signed it, as far as a store says. */
export type CacheSource = Pick<Origin & { kind: "substituted" }, "from" | "signedBy">;

/** Has a store take paths from its binary caches. Tells those that it has then. */
export async function takeFromCaches(
  store: Store,
  paths: readonly StorePath[],
  fetches: FetchSink,
): Promise<Map<StorePath, CacheSource>> {
  if (substitutes(store)) {
    const { taken } = await store.substitute(paths, { fetches });
    // What another fetch brought meanwhile is not told of.
    const valid = await store.queryValidPaths(paths);
    return new Map(Array.from(valid, (path) => [path, sourceOf(taken.get(path))]));
  }
  const valid = await store.queryValidPaths(paths, { substitute: true, fetches });
  const infos = valid.size > 0 ? await store.queryPathInfos(valid) : new Map<StorePath, PathInfo>();
  return new Map(
    Array.from(valid, (path) => [path, signedBy((infos.get(path)?.signatures ?? []).map(keyNameOf))]),
  );
}

function sourceOf(taken: TakenPath | undefined): CacheSource {
  return taken ? { from: taken.from.uri, ...signedBy(taken.signedBy) } : {};
}

function signedBy(names: readonly string[]): CacheSource {
  return names.length > 0 ? { signedBy: names } : {};
}

/** From the wishes down, a question for each layer: below what can be substituted nothing is asked. */
async function walk(
  { wishes, graph, outputsOf, exists, always }: SubstitutionQuestion,
  ask: (paths: readonly StorePath[]) => Promise<Substitutable>,
): Promise<Substitutable> {
  const found = new Map<StorePath, string | undefined>();
  const asked = new Set<StorePath>();
  const seen = new Set<string>();
  for (let layer = [...wishes]; layer.length > 0; ) {
    const open = layer.filter(({ drvPath, outputs }) => {
      const key = `${drvPath}^${outputs.join()}`;
      return graph.has(drvPath) && !seen.has(key) && seen.add(key);
    });
    const missingOf = ({ drvPath, outputs }: Wish) =>
      outputs
        .map((name) => outputsOf(drvPath).get(name))
        .filter((path) => path === undefined || !exists(path));
    const wanted = open.flatMap((wish) => {
      const allowed = always || allowsSubstitutes(graph.get(wish.drvPath)!);
      return allowed ? missingOf(wish).flatMap((path) => path ?? []) : [];
    });
    const fresh = [...new Set(wanted)].filter((path) => !asked.has(path));
    for (const path of fresh) asked.add(path);
    if (fresh.length > 0) for (const [path, from] of await ask(fresh)) found.set(path, from);
    const left = open.filter((wish) =>
      missingOf(wish).some((path) => path === undefined || !found.has(path)),
    );
    layer = left.flatMap(({ drvPath }) =>
      Array.from(graph.get(drvPath)!.inputDerivations, ([input, { outputs }]) => ({
        drvPath: input,
        outputs,
      })),
    );
  }
  return found;
}
