import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { nameOf, type StorePath } from "#nix/store-path.ts";
import { LocalStore } from "#store/local/local-store.ts";
import type { Store } from "#store/store.ts";
import type { ContentsReader } from "../graph/load.ts";
import type { ClosurePath } from "./closure.ts";
import type { Contents } from "./contents.ts";
import { scanFiles } from "./scan-files.ts";
import { scanNar } from "./scan-nar.ts";

/** Looks into store paths and finds out what made them. `readDrv` reads derivations of the same store. */
export async function lookInto(
  store: Store,
  infos: readonly PathInfo[],
  readDrv: ContentsReader,
): Promise<ClosurePath[]> {
  const derivers = await readDerivers(store, infos, readDrv);
  const paths: ClosurePath[] = [];
  for await (const [info, contents] of scanAll(store, infos))
    paths.push({ info, contents, deriver: info.deriver && derivers.get(info.deriver) });
  return paths;
}

/** From the disk where the store lies on it, else out of the streams that the store sends. */
export async function* scanAll(
  store: Store,
  infos: readonly PathInfo[],
): AsyncGenerator<readonly [PathInfo, Contents]> {
  if (store instanceof LocalStore) {
    for (const info of infos) yield [info, await scanFiles(store.realPathOf(info.path), store.storeDir)];
    return;
  }
  for await (const { info, nar } of store.narsFromPaths(infos, { reuseChunks: true }))
    yield [info, await scanNar(info.path, nar, store.storeDir)];
}

async function readDerivers(
  store: Store,
  infos: readonly PathInfo[],
  readDrv: ContentsReader,
): Promise<Map<StorePath, Derivation>> {
  const named = new Set(infos.flatMap(({ deriver }) => deriver ?? []));
  const derivers = new Map<StorePath, Derivation>();
  for (const path of await store.queryValidPaths(named)) {
    const contents = await readDrv(path);
    if (contents)
      derivers.set(path, parseDerivation(store.storeDir, contents, nameOf(path).replace(/\.drv$/, "")));
  }
  return derivers;
}
