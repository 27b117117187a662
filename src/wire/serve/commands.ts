import { list } from "../codec/collections.ts";
import { filler, nothing } from "../codec/derive.ts";
import { bool, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { namedDerivation } from "../values/basic-derivation.ts";
import { pathWithOutputs } from "../values/derived-path.ts";
import { streamedPathInfo } from "../values/path-info.ts";
import { storePath, storePathSet } from "../values/store-path.ts";
import { serveBuildOptions } from "./build-options.ts";
import { serveBuildResult } from "./build-result.ts";
import { buildPathsOutcome } from "./build-status.ts";
import { type Command, command } from "./command.ts";
import { servePathInfos } from "./path-info.ts";

/** Every command of the serve protocol. Source: Nix, `ServeProto::Command`. */
export const commands = {
  queryValidPaths: command("QueryValidPaths", 1, {
    /** `lock` keeps the paths from being collected while the connection lives. */
    request: struct({ lock: bool, substitute: bool, paths: storePathSet }),
    reply: storePathSet,
  }),
  queryPathInfos: command("QueryPathInfos", 2, {
    request: struct({ paths: storePathSet }),
    reply: servePathInfos,
  }),
  dumpStorePath: command("DumpStorePath", 3, {
    request: struct({ path: storePath }),
    reply: nothing,
    replyBody: "nar",
  }),
  importPaths: command("ImportPaths", 4, {
    request: nothing,
    requestBody: "export",
    reply: filler(u64, 1),
    writes: true,
  }),
  exportPaths: command("ExportPaths", 5, {
    request: struct({ sign: filler(u64, 0), paths: storePathSet }),
    reply: nothing,
    replyBody: "export",
  }),
  buildPaths: command("BuildPaths", 6, {
    request: struct({ paths: list(pathWithOutputs), options: serveBuildOptions }),
    reply: buildPathsOutcome,
    writes: true,
  }),
  queryClosure: command("QueryClosure", 7, {
    request: struct({ includeOutputs: bool, paths: storePathSet }),
    reply: storePathSet,
  }),
  buildDerivation: command("BuildDerivation", 8, {
    request: struct({ target: namedDerivation, options: serveBuildOptions }),
    reply: serveBuildResult,
    writes: true,
  }),
  addToStoreNar: command("AddToStoreNar", 9, {
    request: struct({ info: streamedPathInfo }),
    requestBody: "nar",
    /** Whether it was added: true always. */
    reply: bool,
    writes: true,
  }),
} as const;

/** The command that a client's number stands for. */
export const commandsByCode: ReadonlyMap<number, Command<unknown, unknown>> = new Map(
  Object.values(commands).map((known) => [known.code, known as Command<unknown, unknown>]),
);
