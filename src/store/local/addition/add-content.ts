import { createHash } from "node:crypto";
import { closeSync, fchmodSync, openSync, utimesSync, writeSync } from "node:fs";
import type { ByteSource } from "#base/byte-reader.ts";
import { type ContentAddress, makeContentAddressedPath } from "#nix/content-address.ts";
import type { Hash } from "#nix/hash.ts";
import { Hasher } from "#nix/hasher.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { checkStorePathName } from "#nix/store-path.ts";
import { contentHash } from "../../nar/content-hash.ts";
import { hashPath } from "../../nar/hash-path.ts";
import { restorePath } from "../../nar/restore-path.ts";
import type { IncomingContent } from "../../store.ts";
import { STORE_MTIME } from "../canonicalise.ts";
import type { StoreContext } from "../context.ts";
import { removeTree } from "../scratch.ts";
import { install } from "./install.ts";

/** Adds contents under the path that they make. They are on disk before they are hashed: memory stays bounded. */
export async function addContent(store: StoreContext, content: IncomingContent): Promise<PathInfo> {
  store.checkWritable();
  checkStorePathName(content.name);
  const place = (await store.scratch()).place();
  try {
    const unpacked = await unpack(content, place);
    const { narHash, narSize } = unpacked;
    const address = await addressOf(content, place, unpacked);
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

interface Unpacked {
  readonly narHash: Hash;
  readonly narSize: number;
  /** Of what came as one file, by the algorithm that is asked for. */
  readonly flatHash?: Hash;
}

async function unpack({ dump, data, algorithm }: IncomingContent, place: string): Promise<Unpacked> {
  if (dump === "nar") {
    const hasher = createHash("sha256");
    const narSize = await restorePath(data, place, { canonical: true, tap: hasher });
    return { narHash: { algorithm: "sha256", digest: hasher.digest() }, narSize };
  }
  const hasher = new Hasher(algorithm);
  const written = await writeFlat(data, { place, hasher });
  // Most are derivations: a small file shall not cost a large buffer.
  const chunkBytes = Math.min(HASHED_BYTES_MAX, written + NAR_FRAME_BYTES);
  const { hash, size } = await hashPath(place, { chunkBytes });
  return { narHash: hash, narSize: size, flatHash: hasher.finish() };
}

/** Writes one file; its size. */
async function writeFlat(
  data: ByteSource,
  { place, hasher }: { place: string; hasher: Hasher },
): Promise<number> {
  const fd = openSync(place, "wx", 0o444);
  let written = 0;
  try {
    for await (const chunk of data) {
      hasher.update(chunk);
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
      written += chunk.length;
    }
    fchmodSync(fd, 0o444);
  } finally {
    closeSync(fd);
  }
  utimesSync(place, STORE_MTIME, STORE_MTIME);
  return written;
}

async function addressOf(
  { method, algorithm }: IncomingContent,
  place: string,
  { narHash, flatHash }: Unpacked,
): Promise<ContentAddress> {
  if (method === "nar" && algorithm === "sha256") return { method, hash: narHash };
  if (flatHash && (method === "flat" || method === "text")) return { method, hash: flatHash };
  return { method, hash: await contentHash({ place, method, algorithm }) };
}

/** What a NAR of one file has beside its contents, and more. */
const NAR_FRAME_BYTES = 1024;
const HASHED_BYTES_MAX = 256 * 1024;
