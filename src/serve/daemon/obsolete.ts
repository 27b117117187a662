import { ByteReader } from "#base/byte-reader.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import { exportTrailer } from "#wire/serve/export-stream.ts";
import { importExport } from "../export-stream.ts";
import { validPathInfo } from "../invalid-path.ts";
import type { Handlers } from "./call.ts";

type Obsolete =
  | "hasSubstitutes"
  | "queryPathHash"
  | "queryReferences"
  | "queryDeriver"
  | "exportPath"
  | "importPaths";

/** What only clients of long ago ask. */
export const obsoleteHandlers: Handlers<Obsolete> = {
  hasSubstitutes: async ({ store, request: { path } }) =>
    (await store.querySubstitutablePaths?.([path]))?.has(path) ?? false,

  queryPathHash: async ({ store, request: { path } }) => (await validPathInfo(store, path)).narHash,

  queryReferences: async ({ store, request: { path } }) => (await validPathInfo(store, path)).references,

  queryDeriver: async ({ store, request: { path } }) => (await validPathInfo(store, path)).deriver,

  async exportPath({ store, request: { path }, reporter, ctx }) {
    const { deriver, references } = await validPathInfo(store, path);
    for await (const bytes of store.narFromPath(path)) reporter.frame({ kind: "write", bytes });
    const out = new ByteWriter();
    exportTrailer.encode({ path, references, deriver }, out, ctx);
    reporter.frame({ kind: "write", bytes: out.take() });
  },

  async importPaths({ store, body, ctx, rights }) {
    return await importExport(store, new ByteReader(body, "an export stream"), { ctx, rights });
  },
};
