import type { PathInfo } from "#nix/path-info.ts";
import type { Codec } from "../codec/codec.ts";
import { mapped, since } from "../codec/derive.ts";
import { bool, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { optionalContentAddress } from "./content-address.ts";
import { bareSha256 } from "./hash.ts";
import { optionalStorePath, storePath, storePathSet } from "./store-path.ts";
import { textSet } from "./text-set.ts";

/** What a store knows of a path that both sides have named. */
export type UnkeyedPathInfo = Omit<PathInfo, "path">;

const NO_SIGNATURES: readonly string[] = [];

const unkeyedFields = {
  deriver: optionalStorePath,
  narHash: bareSha256,
  references: storePathSet,
  registrationTime: u64,
  narSize: u64,
};
const laterFields = {
  ultimate: bool,
  signatures: textSet,
  contentAddress: optionalContentAddress,
};

/** The worker protocol's `UnkeyedValidPathInfo`. */
export const unkeyedPathInfo: Codec<UnkeyedPathInfo> = struct({
  ...unkeyedFields,
  ultimate: since(16, bool, false),
  signatures: since(16, textSet, NO_SIGNATURES),
  contentAddress: since(16, optionalContentAddress, undefined),
});

/** The worker protocol's `ValidPathInfo`. */
export const pathInfo: Codec<PathInfo> = keyed(unkeyedPathInfo);

/** As 1.16 has it, whatever was negotiated: before each NAR of `AddMultipleToStore`, and in `AddToStoreNar`. */
export const streamedPathInfo: Codec<PathInfo> = keyed(struct({ ...unkeyedFields, ...laterFields }));

function keyed(unkeyed: Codec<UnkeyedPathInfo>): Codec<PathInfo> {
  return mapped(struct({ path: storePath, info: unkeyed }), {
    parse: ({ path, info }) => ({ path, ...info }),
    print: (info) => ({ path: info.path, info }),
  });
}
