import type { NarInfo } from "#nix/narinfo.ts";
import { arriving, type PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { SubstitutablePath, SubstituteOptions, Substituter } from "../../substituter.ts";
import { isTrustworthy } from "../addition/trust.ts";
import type { StoreContext } from "../context.ts";
import { askSubstituter } from "./ask-substituter.ts";
import { queryForeign } from "./foreign-names.ts";

export interface FindOptions extends SubstituteOptions {
  /** Also what bears no trusted signature, which could not be taken. */
  readonly untrusted?: boolean;
  /** Substituters that are not to be asked. */
  readonly except?: ReadonlySet<Substituter>;
}

/** What substituters have of `paths`: of each, the first one that has it in a form that this store takes. */
export async function findSubstitutable(
  store: StoreContext,
  paths: Iterable<StorePath>,
  { untrusted = false, except, addresses }: FindOptions = {},
): Promise<Map<StorePath, SubstitutablePath>> {
  const found = new Map<StorePath, SubstitutablePath>();
  const wanted = [...new Set(paths)];
  for (const from of await store.substituters()) {
    if (except?.has(from)) continue;
    const left = wanted.filter((path) => !found.has(path));
    if (left.length === 0) break;
    const offers = await askSubstituter(store, from, () => offersOf(store, from, { paths: left, addresses }));
    for (const offer of offers ?? [])
      if (untrusted || from.trusted || isTrustworthy(store, offer.info)) found.set(offer.info.path, offer);
  }
  return found;
}

interface Asked {
  readonly paths: readonly StorePath[];
  readonly addresses: SubstituteOptions["addresses"];
}

async function offersOf(
  { layout }: StoreContext,
  from: Substituter,
  { paths, addresses }: Asked,
): Promise<SubstitutablePath[]> {
  if (from.storeDir !== layout.storeDir) {
    const foreign = await queryForeign(from, paths, addresses ? { addresses } : {});
    return foreign.map(({ info, there }) => ({ info, there, downloadSize: fileSizeOf(there), from }));
  }
  const infos = await from.queryPathInfos(paths);
  return Array.from(infos.values(), (info) => ({
    info: arriving(info),
    downloadSize: fileSizeOf(info),
    from,
  }));
}

/** `paths` and all that they refer to which is not valid here, as far as substituters have it. */
export async function findSubstitutableClosure(
  store: StoreContext,
  paths: Iterable<StorePath>,
  options: FindOptions = {},
): Promise<Map<StorePath, SubstitutablePath>> {
  const found = new Map<StorePath, SubstitutablePath>();
  const asked = new Set<StorePath>();
  for (let wave = [...new Set(paths)]; wave.length > 0; ) {
    const valid = store.paths.validAmong(wave);
    const missing = wave.filter((path) => !valid.has(path));
    for (const path of wave) asked.add(path);
    const next = new Set<StorePath>();
    for (const [path, one] of await findSubstitutable(store, missing, options)) {
      found.set(path, one);
      for (const reference of one.info.references) if (!asked.has(reference)) next.add(reference);
    }
    wave = [...next];
  }
  return found;
}

function fileSizeOf(info: PathInfo): number {
  return (info as Partial<NarInfo>).fileSize ?? 0;
}
