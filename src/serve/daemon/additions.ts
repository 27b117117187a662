import { ByteReader, type ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { ContentAddressMethod } from "#nix/content-address.ts";
import type { PathInfo } from "#nix/path-info.ts";
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

/** What brings contents and facts into a store. Only who is trusted may repair, or do without signatures. */
export const additionHandlers: Handlers<Additions> = {
  async addToStore({ store, request, body, ctx, trusted }) {
    const { name, how, references, repair } = request;
    if (repair && !trusted)
      throw new ElsewhereError(
        "NOT_TRUSTED",
        "repairing is not allowed when building through the Nix daemon",
      );
    const dump = ctx.version >= 25 ? dumpOf(how.method) : "nar";
    const info = await store.addContent({ name, ...how, references, dump, data: body, repair });
    return { path: info.path, info };
  },

  async addTextToStore({ store, request: { name, contents, references } }) {
    const content = { name, references, method: "text", algorithm: "sha256", dump: "flat" } as const;
    return (await store.addContent({ ...content, data: onePiece(contents) })).path;
  },

  async addToStoreNar({ store, request: { info, repair, dontCheckSignatures }, body, trusted }) {
    const accepted = trusted ? info : { ...info, ultimate: false };
    await store.addPaths(one({ info: accepted, nar: body }), {
      repair: repair && trusted,
      checkSignatures: !(dontCheckSignatures && trusted),
    });
  },

  async addMultipleToStore({ store, request: { repair, dontCheckSignatures }, body, ctx, trusted }) {
    const prepare = (info: PathInfo): PathInfo => (trusted ? info : { ...info, ultimate: false });
    await store.addPaths(multiplePaths(body, ctx, prepare), {
      repair: repair && trusted,
      checkSignatures: !(dontCheckSignatures && trusted),
    });
  },

  async addSignatures({ store, request: { path, signatures } }) {
    await storeThatCan(store, "addSignatures").addSignatures(path, signatures);
  },

  async registerDrvOutput({ store, request: { realisation }, trusted }) {
    await storeThatCan(store, "registerRealisation").registerRealisation(realisation, {
      checkSignatures: !trusted,
    });
  },

  async addBuildLog({ store, request: { drvPath }, body, trusted }) {
    if (!trusted) throw new ElsewhereError("NOT_TRUSTED", "you are not privileged to add logs");
    await storeThatCan(store, "addBuildLog").addBuildLog(drvPath, body);
  },
};

/** How the contents of an object come, by how they are hashed. */
function dumpOf(method: ContentAddressMethod): "nar" | "flat" {
  return method === "flat" || method === "text" ? "flat" : "nar";
}

async function* multiplePaths(
  body: ByteSource,
  ctx: WireContext,
  prepare: (info: PathInfo) => PathInfo,
): AsyncGenerator<IncomingPath> {
  const reader = new ByteReader(body, "the paths that are being added");
  const count = await reader.read(multipleCount.decode(ctx));
  for (let i = 0; i < count; i++) {
    const info = prepare(await reader.read(streamedPathInfo.decode(ctx)));
    // Inside frames a wrong size does no harm: the frames end where they end.
    yield { info, nar: info.narSize > 0 ? reader.chunks(info.narSize) : narBody(reader) };
  }
}

async function* one<T>(item: T): AsyncGenerator<T> {
  yield item;
}

async function* onePiece(bytes: Uint8Array): ByteSource & AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
