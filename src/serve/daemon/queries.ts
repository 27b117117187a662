import { ElsewhereError } from "#base/errors.ts";
import type { ContentAddress } from "#nix/content-address.ts";
import { HASH_PART_LENGTH, type StorePath } from "#nix/store-path.ts";
import { FetchNarrator } from "#store/fetch-narrator.ts";
import { validPathInfo } from "../invalid-path.ts";
import { storeThatCan } from "../served-store.ts";
import type { Call, Handlers } from "./call.ts";

type Queries =
  | "isValidPath"
  | "queryReferrers"
  | "queryAllValidPaths"
  | "queryPathInfo"
  | "queryPathFromHashPart"
  | "queryValidPaths"
  | "queryValidDerivers"
  | "narFromPath"
  | "queryDerivationOutputMap"
  | "queryDerivationOutputs"
  | "queryDerivationOutputNames"
  | "queryRealisation"
  | "querySubstitutablePathInfo"
  | "querySubstitutablePathInfos"
  | "querySubstitutablePaths";

/** Questions about what a store has. */
export const queryHandlers: Handlers<Queries> = {
  isValidPath: async ({ store, request: { path } }) => (await store.queryValidPaths([path])).has(path),

  async queryValidPaths({ store, request: { paths, substitute }, reporter }) {
    using narrator = new FetchNarrator({ storeDir: store.storeDir, log: reporter.log });
    return [...(await store.queryValidPaths(paths, { substitute, fetches: narrator.take }))];
  },

  queryPathInfo: async ({ store, request: { path } }) => (await store.queryPathInfos([path])).get(path),

  queryAllValidPaths: async ({ store }) => [
    ...(await storeThatCan(store, "queryAllValidPaths").queryAllValidPaths()),
  ],

  queryReferrers: async ({ store, request: { path } }) => [
    ...(await storeThatCan(store, "queryReferrers").queryReferrers(path)),
  ],

  queryValidDerivers: async ({ store, request: { path } }) => [
    ...(await storeThatCan(store, "queryValidDerivers").queryValidDerivers(path)),
  ],

  async queryPathFromHashPart({ store, request: { hashPart } }) {
    if (hashPart.length !== HASH_PART_LENGTH)
      throw new ElsewhereError(
        "MALFORMED",
        `invalid hash part '${hashPart}': want ${HASH_PART_LENGTH} digits`,
      );
    return await storeThatCan(store, "queryPathFromHashPart").queryPathFromHashPart(hashPart);
  },

  async narFromPath(call) {
    await validPathInfo(call.store, call.request.path);
    call.replyBody = call.store.narFromPath(call.request.path);
  },

  queryDerivationOutputMap: async ({ store, request: { path } }) =>
    await storeThatCan(store, "queryDerivationOutputMap").queryDerivationOutputMap(path),

  async queryDerivationOutputs({ store, request: { path } }) {
    const outputs = await storeThatCan(store, "queryDerivationOutputMap").queryDerivationOutputMap(path);
    return [...outputs.values()].filter((output) => output !== undefined);
  },

  async queryDerivationOutputNames({ store, request: { path } }) {
    const outputs = await storeThatCan(store, "queryDerivationOutputMap").queryDerivationOutputMap(path);
    return [...outputs.keys()];
  },

  async queryRealisation({ store, request: { id } }) {
    const found = await storeThatCan(store, "queryRealisation").queryRealisation(id);
    return found ? [found] : [];
  },

  querySubstitutablePathInfo: async (call) =>
    (await substitutableInfos(call, [call.request.path])).find(({ path }) => path === call.request.path),

  querySubstitutablePathInfos: async (call) =>
    await substitutableInfos(call, call.request.paths.keys(), call.request.paths),

  querySubstitutablePaths: async ({ store, settings, request: { paths } }) =>
    settings.build.useSubstitutes === false
      ? []
      : [...(await storeThatCan(store, "querySubstitutablePaths").querySubstitutablePaths(paths))],
};

/** What substituters of a store have; none where the store cannot tell. */
async function substitutableInfos(
  { store, settings }: Call<unknown>,
  paths: Iterable<StorePath>,
  known: ReadonlyMap<StorePath, ContentAddress | undefined> = new Map(),
) {
  if (!store.querySubstitutable || settings.build.useSubstitutes === false) return [];
  const addresses = new Map(
    [...known].flatMap(([path, address]) => (address ? [[path, address] as const] : [])),
  );
  const found = await store.querySubstitutable(paths, { addresses });
  return Array.from(found.values(), ({ info, downloadSize }) => ({
    path: info.path,
    deriver: info.deriver,
    references: info.references,
    downloadSize,
    narSize: info.narSize,
  }));
}
