import { filler, nothing } from "../codec/derive.ts";
import { bool, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { bareSha256 } from "../values/hash.ts";
import { optionalStorePath, storePath, storePathList, storePathSet } from "../values/store-path.ts";
import { acknowledgement } from "./acknowledgement.ts";
import { operation } from "./operation.ts";

const ofPath = struct({ path: storePath });

/** Operations that no current client sends, and that stock servers answered for long. */
export const obsoleteOperations = {
  hasSubstitutes: operation("HasSubstitutes", 3, { request: ofPath, reply: bool }),
  queryPathHash: operation("QueryPathHash", 4, { request: ofPath, reply: bareSha256 }),
  queryReferences: operation("QueryReferences", 5, { request: ofPath, reply: storePathSet }),
  /** The contents come as `write` frames before the reply. */
  exportPath: operation("ExportPath", 16, {
    request: struct({ path: storePath, sign: filler(u64, 0) }),
    reply: acknowledgement,
  }),
  queryDeriver: operation("QueryDeriver", 18, { request: ofPath, reply: optionalStorePath }),
  /** The server pulls an export stream. */
  importPaths: operation("ImportPaths", 27, {
    request: nothing,
    requestBody: () => "pull",
    reply: storePathList,
  }),
} as const;
