import type { ContentAddress } from "#nix/content-address.ts";
import type { Realisation } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Codec } from "../codec/codec.ts";
import { list, map } from "../codec/collections.ts";
import { choose, mapped, nothing, since } from "../codec/derive.ts";
import { optional } from "../codec/optional.ts";
import { bool, text, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { optionalContentAddress } from "../values/content-address.ts";
import { derivedPath } from "../values/derived-path.ts";
import { ZERO_SHA256 } from "../values/hash.ts";
import { type UnkeyedPathInfo, unkeyedPathInfo } from "../values/path-info.ts";
import { drvOutput, realisation } from "../values/realisation.ts";
import { optionalStorePath, storePath, storePathSet } from "../values/store-path.ts";
import { textSet } from "../values/text-set.ts";
import { operation } from "./operation.ts";

const ofPath = struct({ path: storePath });
const ofPaths = struct({ paths: storePathSet });

/** What a substituter knows of a path. Sizes in bytes, 0 where unknown. */
const substitutable = {
  deriver: optionalStorePath,
  references: storePathSet,
  downloadSize: u64,
  narSize: u64,
};

/** Undefined for a path that is not valid; before 1.17 that is an error instead. */
const maybePathInfo: Codec<UnkeyedPathInfo | undefined> = choose(({ version }) =>
  version >= 17 ? optional(unkeyedPathInfo) : unkeyedPathInfo,
);

/** Before 1.22, paths that are content-addressed cannot be told from others. */
const pathsWithAddresses: Codec<ReadonlyMap<StorePath, ContentAddress | undefined>> = choose(({ version }) =>
  version >= 22 ? addressesByPath : barePaths,
);
const addressesByPath = map(storePath, optionalContentAddress);
const barePaths: typeof addressesByPath = mapped(storePathSet, {
  parse: (paths) => new Map(paths.map((path) => [path, undefined])),
  print: (paths) => [...paths.keys()],
});

/** Before 1.31 only the path of an output is sent. */
const realisations: Codec<readonly Realisation[]> = choose(({ version }) =>
  version >= 31 ? list(realisation) : outPaths,
);
const outPaths: Codec<readonly Realisation[]> = mapped(storePathSet, {
  parse: (paths) =>
    paths.map((outPath) => ({
      id: { drvHash: ZERO_SHA256, outputName: "" },
      outPath,
      signatures: [],
      dependentRealisations: new Map(),
    })),
  print: (found) => found.map(({ outPath }) => outPath),
});

/** Operations that ask and change nothing. */
export const queryOperations = {
  isValidPath: operation("IsValidPath", 1, { request: ofPath, reply: bool }),
  queryReferrers: operation("QueryReferrers", 6, { request: ofPath, reply: storePathSet }),
  querySubstitutablePathInfo: operation("QuerySubstitutablePathInfo", 21, {
    request: ofPath,
    reply: optional(struct(substitutable)),
  }),
  queryDerivationOutputs: operation("QueryDerivationOutputs", 22, { request: ofPath, reply: storePathSet }),
  queryAllValidPaths: operation("QueryAllValidPaths", 23, { request: nothing, reply: storePathSet }),
  queryPathInfo: operation("QueryPathInfo", 26, { request: ofPath, reply: maybePathInfo }),
  queryDerivationOutputNames: operation("QueryDerivationOutputNames", 28, {
    request: ofPath,
    reply: textSet,
  }),
  queryPathFromHashPart: operation("QueryPathFromHashPart", 29, {
    request: struct({ hashPart: text }),
    reply: optionalStorePath,
  }),
  querySubstitutablePathInfos: operation("QuerySubstitutablePathInfos", 30, {
    request: struct({ paths: pathsWithAddresses }),
    reply: list(struct({ path: storePath, ...substitutable })),
  }),
  queryValidPaths: operation("QueryValidPaths", 31, {
    request: struct({ paths: storePathSet, substitute: since(27, bool, false) }),
    reply: storePathSet,
  }),
  querySubstitutablePaths: operation("QuerySubstitutablePaths", 32, {
    request: ofPaths,
    reply: storePathSet,
  }),
  queryValidDerivers: operation("QueryValidDerivers", 33, { request: ofPath, reply: storePathSet }),
  narFromPath: operation("NarFromPath", 38, { request: ofPath, reply: nothing, replyBody: "nar" }),
  queryMissing: operation("QueryMissing", 40, {
    request: struct({ paths: list(derivedPath) }),
    reply: struct({
      willBuild: storePathSet,
      willSubstitute: storePathSet,
      unknown: storePathSet,
      downloadSize: u64,
      narSize: u64,
    }),
  }),
  queryDerivationOutputMap: operation("QueryDerivationOutputMap", 41, {
    request: ofPath,
    /** Undefined for an output whose path is not known yet. */
    reply: map(text, optionalStorePath),
  }),
  queryRealisation: operation("QueryRealisation", 43, {
    request: struct({ id: drvOutput }),
    reply: realisations,
  }),
} as const;
