import type { Codec } from "../codec/codec.ts";
import { list } from "../codec/collections.ts";
import { enumeration, filler, mapped, nothing } from "../codec/derive.ts";
import { bits64, bool, text, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { storePath, storePathSet } from "../values/store-path.ts";
import { textSet } from "../values/text-set.ts";
import { acknowledgement } from "./acknowledgement.ts";
import { operation } from "./operation.ts";

const gcAction = enumeration("garbage collection action", [
  "return-live",
  "return-dead",
  "delete-dead",
  "delete-specific",
]);

/** Bytes; undefined for as many as there are. Figures too large for us are as good as that. */
const bytesMax: Codec<number | undefined> = mapped(bits64, {
  parse: (found) => (found > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(found)),
  print: (bytes) => (bytes === undefined ? UNLIMITED : BigInt(bytes)),
});
const UNLIMITED = 2n ** 64n - 1n;

/** Operations on what keeps paths alive, and on the store as a whole. */
export const rootOperations = {
  addTempRoot: operation("AddTempRoot", 11, { request: struct({ path: storePath }), reply: acknowledgement }),
  addIndirectRoot: operation("AddIndirectRoot", 12, {
    request: struct({ link: text }),
    reply: acknowledgement,
  }),
  syncWithGc: operation("SyncWithGC", 13, { request: nothing, reply: acknowledgement }),
  /** A path may have many links, and a censored link many paths. */
  findRoots: operation("FindRoots", 14, {
    request: nothing,
    reply: list(struct({ link: text, path: storePath })),
  }),
  collectGarbage: operation("CollectGarbage", 20, {
    request: struct({
      action: gcAction,
      paths: storePathSet,
      ignoreLiveness: bool,
      bytesMax,
      obsolete1: filler(u64, 0),
      obsolete2: filler(u64, 0),
      obsolete3: filler(u64, 0),
    }),
    reply: struct({ paths: textSet, bytesFreed: u64, obsolete: filler(u64, 0) }),
  }),
  optimiseStore: operation("OptimiseStore", 34, { request: nothing, reply: acknowledgement }),
  /** True when errors remain. */
  verifyStore: operation("VerifyStore", 35, {
    request: struct({ checkContents: bool, repair: bool }),
    reply: bool,
  }),
  addPermRoot: operation("AddPermRoot", 47, {
    since: 36,
    request: struct({ path: storePath, link: text }),
    reply: text,
  }),
} as const;
