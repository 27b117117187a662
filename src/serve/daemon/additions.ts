import { ByteReader, type ByteSource } from "#base/byte-reader.ts";
import { single } from "#base/single.ts";
import type { ContentAddressMethod } from "#nix/content-address.ts";
import { arriving } from "#nix/path-info.ts";
import type { IncomingPath } from "#store/store.ts";
import type { WireContext } from "#wire/codec/codec.ts";
import { multipleCount } from "#wire/daemon/add-operations.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
import { narBody } from "../nar-body.ts";
import { storeThatCan } from "../served-store.ts";
import type { Handlers } from "./call.ts";

type Additions =
  | "addToStore"
  | "addTextToStore"
  | "addToStoreNar"
  | "addMultipleToStore"
  | "addSignatures"
  | "registerDrvOutput"
  | "addBuildLog";

/** What brings contents and facts into a store. */
export const additionHandlers: Handlers<Additions> = {
  async addToStore({ store, request, body, ctx, rights }) {
    const { name, how, references, repair } = request;
    if (repair) rights.demand("repair");
    const dump = ctx.version >= 25 ? dumpOf(how.method) : "nar";
    const info = await store.addContent({ name, ...how, references, dump, data: body, repair });
    return { path: info.path, info };
  },

  async addTextToStore({ store, request: { name, contents, references } }) {
    const content = { name, references, method: "text", algorithm: "sha256", dump: "flat" } as const;
    return (await store.addContent({ ...content, data: onePiece(contents) })).path;
  },

  async addToStoreNar({ store, request: { info, repair, dontCheckSignatures }, body, rights }) {
    const wish = { repair, withoutSignatures: dontCheckSignatures };
    await rights.addPaths(store, single({ info, nar: body }), wish);
  },

  async addMultipleToStore({ store, request: { repair, dontCheckSignatures }, body, ctx, rights }) {
    const wish = { repair, withoutSignatures: dontCheckSignatures };
    await rights.addPaths(store, multiplePaths(body, ctx), wish);
  },

  async addSignatures({ store, request: { path, signatures } }) {
    await storeThatCan(store, "addSignatures").addSignatures(path, signatures);
  },

  async registerDrvOutput({ store, request: { realisation }, rights }) {
    await rights.registerRealisation(storeThatCan(store, "registerRealisation"), realisation);
  },

  async addBuildLog({ store, request: { drvPath }, body, rights }) {
    rights.demand("add a build log");
    await storeThatCan(store, "addBuildLog").addBuildLog(drvPath, body);
  },
};

/** How the contents of an object come, by how they are hashed. */
function dumpOf(method: ContentAddressMethod): "nar" | "flat" {
  return method === "flat" || method === "text" ? "flat" : "nar";
}

/** Paths as they were copied: in none of them a client can say that it was built here. */
async function* multiplePaths(body: ByteSource, ctx: WireContext): AsyncGenerator<IncomingPath> {
  const reader = new ByteReader(body, "the paths that are being added");
  const count = await reader.read(multipleCount.decode(ctx));
  for (let i = 0; i < count; i++) {
    const info = arriving(await reader.read(streamedPathInfo.decode(ctx)));
    // Inside frames a wrong size does no harm: the frames end where they end.
    yield { info, nar: info.narSize > 0 ? reader.chunks(info.narSize) : narBody(reader) };
  }
}

async function* onePiece(bytes: Uint8Array): ByteSource & AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
