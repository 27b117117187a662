import { createHash } from "node:crypto";
import { closeSync, fchmodSync, openSync, utimesSync, writeSync } from "node:fs";
import type { ByteSource } from "#base/byte-reader.ts";
import { type ContentAddress, makeContentAddressedPath } from "#nix/content-address.ts";
import type { Hash } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { checkStorePathName } from "#nix/store-path.ts";
import { hashPath } from "../nar/hash-path.ts";
import { restorePath } from "../nar/restore-path.ts";
import type { IncomingContent } from "../store.ts";
import { STORE_MTIME } from "./canonicalise.ts";
import { contentHash } from "./content-hash.ts";
import type { StoreContext } from "./context.ts";
import { install } from "./install.ts";
import { removeTree } from "./scratch.ts";

/** Adds contents under the path that they make. They are on disk before they are hashed: memory stays bounded. */
export async function addContent(store: StoreContext, content: IncomingContent): Promise<PathInfo> {
  store.checkWritable();
  checkStorePathName(content.name);
  const place = (await store.scratch()).place();
  try {
    const { narHash, narSize } = await unpack(content, place);
    const address = await addressOf(content, place, narHash);
    const references = [...new Set(content.references)].sort();
    const path = makeContentAddressedPath(store.layout.storeDir, content.name, address, {
      others: references,
      self: false,
    });
    await store.addTempRoots([path]);
    const known = content.repair ? undefined : store.paths.infoOf(path);
    if (known) return known;
    const info: PathInfo = {
      path,
      narHash,
      narSize,
      references,
      registrationTime: store.nowS(),
      ultimate: false,
      signatures: [],
      contentAddress: address,
    };
    await install(store, [{ info, place, repair: content.repair ?? false }]);
    return info;
  } finally {
    removeTree(place);
  }
}

interface NarFacts {
  readonly narHash: Hash;
  readonly narSize: number;
}

async function unpack({ dump, data }: IncomingContent, place: string): Promise<NarFacts> {
  if (dump === "nar") {
    const hasher = createHash("sha256");
    const narSize = await restorePath(data, place, { canonical: true, tap: hasher });
    return { narHash: { algorithm: "sha256", digest: hasher.digest() }, narSize };
  }
  await writeFlat(data, place);
  const { hash, size } = await hashPath(place);
  return { narHash: hash, narSize: size };
}

async function writeFlat(data: ByteSource, place: string): Promise<void> {
  const fd = openSync(place, "wx", 0o444);
  try {
    for await (const chunk of data) for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
    fchmodSync(fd, 0o444);
  } finally {
    closeSync(fd);
  }
  utimesSync(place, STORE_MTIME, STORE_MTIME);
}

async function addressOf(
  { method, algorithm }: IncomingContent,
  place: string,
  narHash: Hash,
): Promise<ContentAddress> {
  if (method === "nar" && algorithm === "sha256") return { method, hash: narHash };
  return { method, hash: await contentHash({ place, method, algorithm }) };
}
