import { messageOf } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { IncomingPath, Store } from "../store.ts";
import { addPaths } from "./add-paths.ts";
import type { StoreContext } from "./context.ts";

/** Those of `paths` that a substituter has. One that cannot be asked has none. */
export async function querySubstitutablePaths(
  store: StoreContext,
  paths: readonly StorePath[],
): Promise<Set<StorePath>> {
  const found = new Set<StorePath>();
  for (const substituter of store.settings.substituters) {
    const left = paths.filter((path) => !found.has(path));
    if (left.length === 0) break;
    const ask = () => substituter.queryValidPaths(left);
    for (const path of (await attempt(store, substituter, ask)) ?? []) found.add(path);
  }
  return found;
}

/**
 * Takes those of `paths` that are not valid, with all that they refer to, from the first substituter that has
 * them. What no substituter can give stays invalid; signatures are checked as for anyone else.
 */
export async function substitute(store: StoreContext, paths: readonly StorePath[]): Promise<void> {
  for (const substituter of store.settings.substituters) {
    const valid = store.paths.validAmong(paths);
    const missing = paths.filter((path) => !valid.has(path));
    if (missing.length === 0) return;
    await attempt(store, substituter, () => takeFrom(store, substituter, missing));
  }
}

async function takeFrom(store: StoreContext, from: Store, missing: readonly StorePath[]): Promise<void> {
  const available = await from.queryValidPaths(missing);
  if (available.size === 0) return;
  const closure = await from.queryClosure(available);
  const valid = store.paths.validAmong(closure.map(({ path }) => path));
  const wanted = closure.filter(({ path }) => !valid.has(path));
  await addPaths(store, withoutPrivileges(from.narsFromPaths(wanted)));
}

async function* withoutPrivileges(paths: AsyncIterable<IncomingPath>): AsyncGenerator<IncomingPath> {
  for await (const { info, nar } of paths)
    yield { info: { ...info, ultimate: false } satisfies PathInfo, nar };
}

/** A substituter that fails is as good as none: the next one is asked. */
async function attempt<T>(
  store: StoreContext,
  { uri }: Store,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    store.settings.report(`substituter '${uri}' cannot be used: ${messageOf(error)}`);
    return undefined;
  }
}
