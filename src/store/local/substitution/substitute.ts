import type { PathInfo } from "#nix/path-info.ts";
import { keyNameOf } from "#nix/signature.ts";
import { validSignatures } from "#nix/signature-fingerprint.ts";
import type { StorePath } from "#nix/store-path.ts";
import { sortByReferences } from "../../reference-order.ts";
import type {
  SubstitutablePath,
  Substituter,
  SubstitutionResult,
  TakenPath,
  TakeOptions,
} from "../../substituter.ts";
import { addPaths } from "../addition/add-paths.ts";
import type { StoreContext } from "../context.ts";
import { askSubstituter } from "./ask-substituter.ts";
import { findSubstitutableClosure } from "./substitutable.ts";
import { ToldFetches } from "./told-fetches.ts";

/**
 * Takes those of `paths` that are not valid, with all that they refer to, from whichever substituters have
 * them. What no substituter can give stays invalid; signatures are checked as for anyone else.
 */
export async function substitute(
  store: StoreContext,
  paths: readonly StorePath[],
  options: TakeOptions = {},
): Promise<SubstitutionResult> {
  const fetches = new ToldFetches(options.fetches);
  const taken = new Map<StorePath, TakenPath>();
  const promised = new Set<StorePath>();
  const except = new Set<Substituter>();
  // Each further round is for what a substituter had and did not give: the others may.
  for (;;) {
    const valid = store.paths.validAmong(paths);
    const missing = paths.filter((path) => !valid.has(path));
    if (missing.length === 0) return { taken, failed: [] };
    const found = await findSubstitutableClosure(store, missing, { ...options, except });
    const whole = withoutIncomplete(store, found);
    for (const path of missing) if (whole.has(path)) promised.add(path);
    if (whole.size === 0) return { taken, failed: missing.filter((path) => promised.has(path)) };
    const faulty = await take(store, [...whole.values()], { taken, fetches });
    if (faulty === undefined) continue;
    except.add(faulty);
  }
}

/** What can be taken with all that it refers to. */
function withoutIncomplete(
  store: StoreContext,
  found: ReadonlyMap<StorePath, SubstitutablePath>,
): Map<StorePath, SubstitutablePath> {
  const whole = new Map<StorePath, SubstitutablePath>();
  const references = [...found.values()].flatMap(({ info }) => info.references);
  const valid = store.paths.validAmong(references);
  for (const { path } of sortByReferences([...found.values()].map(({ info }) => info))) {
    const one = found.get(path)!;
    const has = (reference: StorePath) => reference === path || valid.has(reference) || whole.has(reference);
    if (one.info.references.every(has)) whole.set(path, one);
  }
  return whole;
}

/** Adds paths in their order, a stream for each run of one substituter. Returns the substituter that failed. */
async function take(
  store: StoreContext,
  paths: readonly SubstitutablePath[],
  { taken, fetches }: { taken: Map<StorePath, TakenPath>; fetches: ToldFetches },
): Promise<Substituter | undefined> {
  for (let start = 0; start < paths.length; ) {
    const { from } = paths[start]!;
    let end = start;
    while (paths[end]?.from === from) end++;
    const run = paths.slice(start, end);
    const infos = run.map(({ info }) => info);
    const isGiven = await askSubstituter(store, from, async () => {
      await addPaths(store, fetches.narsFrom(from, run), { checkSignatures: !from.trusted }).catch(
        (error) => {
          fetches.fail(error);
          const [faulty] = missingOf(store, infos);
          if (faulty) from.noteFailure?.(faulty.path, error);
          throw error;
        },
      );
      return true;
    });
    const missing = new Set(missingOf(store, infos));
    for (const info of infos)
      if (!missing.has(info)) taken.set(info.path, { from, signedBy: signersOf(store, info) });
    if (!isGiven) return from;
    start = end;
  }
  return undefined;
}

/** Those that are not valid, in their order. */
function missingOf(store: StoreContext, infos: readonly PathInfo[]): PathInfo[] {
  const valid = store.paths.validAmong(infos.map(({ path }) => path));
  return infos.filter(({ path }) => !valid.has(path));
}

function signersOf({ layout, trustedKeys }: StoreContext, info: PathInfo): string[] {
  return validSignatures(layout.storeDir, info, trustedKeys).map(keyNameOf);
}
