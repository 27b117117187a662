import { createHash } from "node:crypto";
import type { ByteReader, ByteSource } from "#base/byte-reader.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { IncomingPath, Store } from "#store/store.ts";
import { encodeToBuffer, type WireContext } from "#wire/codec/codec.ts";
import { exportNext, exportTrailer } from "#wire/serve/export-stream.ts";
import type { ClientRights } from "./client-rights.ts";
import { validPathInfo } from "./invalid-path.ts";
import { narBody } from "./nar-body.ts";
import { Spool } from "./spool.ts";

export interface ImportOptions {
  readonly ctx: WireContext;
  readonly rights: ClientRights;
}

/** Adds the paths of an export stream; returns them. */
export async function importExport(
  store: Store,
  reader: ByteReader,
  { ctx, rights }: ImportOptions,
): Promise<StorePath[]> {
  const paths: StorePath[] = [];
  async function* incoming(): AsyncGenerator<IncomingPath> {
    while (await reader.read(exportNext.decode(ctx))) {
      using spool = new Spool();
      const info = await readPath(reader, ctx, spool);
      paths.push(info.path);
      yield { info, nar: spool.read() };
    }
  }
  await rights.addPaths(store, incoming(), { withoutSignatures: true });
  return paths;
}

/** What a path is called comes after its NAR, so the NAR has to wait. */
async function readPath(reader: ByteReader, ctx: WireContext, spool: Spool): Promise<PathInfo> {
  const hasher = createHash("sha256");
  let narSize = 0;
  for await (const chunk of narBody(reader)) {
    hasher.update(chunk);
    narSize += chunk.length;
    spool.write(chunk);
  }
  const { path, references, deriver } = await reader.read(exportTrailer.decode(ctx));
  const narHash = { algorithm: "sha256", digest: hasher.digest() } as const;
  return {
    path,
    references,
    deriver,
    narHash,
    narSize,
    registrationTime: 0,
    ultimate: false,
    signatures: [],
  };
}

/** The export stream of `paths`, in their order. */
export async function* exportPaths(
  store: Store,
  paths: readonly StorePath[],
  ctx: WireContext,
): ByteSource & AsyncGenerator<Uint8Array> {
  for (const path of paths) {
    const { references, deriver } = await validPathInfo(store, path);
    yield encodeToBuffer(exportNext, true, ctx);
    yield* store.narFromPath(path);
    yield encodeToBuffer(exportTrailer, { path, references, deriver }, ctx);
  }
  yield encodeToBuffer(exportNext, false, ctx);
}
