import { list } from "../codec/collections.ts";
import { enumeration } from "../codec/derive.ts";
import { struct } from "../codec/struct.ts";
import { namedDerivation } from "../values/basic-derivation.ts";
import { derivedPath } from "../values/derived-path.ts";
import { storePath } from "../values/store-path.ts";
import { acknowledgement } from "./acknowledgement.ts";
import { buildResult, keyedBuildResult } from "./build-result.ts";
import { operation } from "./operation.ts";

/** How a build is to be made. */
export const buildMode = enumeration("build mode", ["normal", "repair", "check"]);
const pathsAndMode = struct({ paths: list(derivedPath), mode: buildMode });

/** Operations that build or substitute. */
export const buildOperations = {
  buildPaths: operation("BuildPaths", 9, { request: pathsAndMode, reply: acknowledgement }),
  ensurePath: operation("EnsurePath", 10, {
    request: struct({ path: storePath }),
    reply: acknowledgement,
  }),
  buildDerivation: operation("BuildDerivation", 36, {
    request: struct({ target: namedDerivation, mode: buildMode }),
    reply: buildResult,
  }),
  buildPathsWithResults: operation("BuildPathsWithResults", 46, {
    since: 34,
    request: pathsAndMode,
    reply: list(keyedBuildResult),
  }),
} as const;
