import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Codec } from "../codec/codec.ts";
import { mapped, since } from "../codec/derive.ts";
import { listUntilNoKey } from "../codec/list-until.ts";
import { u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { optionalContentAddress } from "../values/content-address.ts";
import { prefixedSha256, ZERO_SHA256 } from "../values/hash.ts";
import type { UnkeyedPathInfo } from "../values/path-info.ts";
import { optionalStorePath, storePathSet } from "../values/store-path.ts";
import { textSet } from "../values/text-set.ts";

const NO_SIGNATURES: readonly string[] = [];

/** The serve protocol's `UnkeyedValidPathInfo`. Before 2.4 without a hash: it then reads as zeros. */
export const serveUnkeyedPathInfo: Codec<UnkeyedPathInfo> = mapped(
  struct({
    deriver: optionalStorePath,
    references: storePathSet,
    /** Bytes to fetch: servers send those of the NAR. */
    downloadSize: u64,
    narSize: u64,
    narHash: since(4, prefixedSha256, ZERO_SHA256),
    contentAddress: since(4, optionalContentAddress, undefined),
    signatures: since(4, textSet, NO_SIGNATURES),
  }),
  {
    parse: ({ downloadSize: _, ...info }): UnkeyedPathInfo => ({
      ...info,
      registrationTime: 0,
      ultimate: false,
    }),
    print: (info) => ({
      ...info,
      deriver: info.deriver,
      contentAddress: info.contentAddress,
      downloadSize: info.narSize,
    }),
  },
);

/** Those of the paths asked for that are valid; an empty text ends them. */
export const servePathInfos: Codec<readonly PathInfo[]> = mapped(
  listUntilNoKey<StorePath, UnkeyedPathInfo>(optionalStorePath, serveUnkeyedPathInfo),
  {
    parse: (items): readonly PathInfo[] => items.map(({ key, value }) => ({ path: key, ...value })),
    print: (infos) => infos.map((info) => ({ key: info.path, value: info })),
  },
);
