import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { ByteSource } from "#base/byte-reader.ts";
import { makeContentAddressedPath } from "#nix/content-address.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { contentHash } from "../nar/content-hash.ts";
import { dumpPath } from "../nar/dump-path.ts";
import { hashPath } from "../nar/hash-path.ts";
import { restorePath } from "../nar/restore-path.ts";
import type { IncomingContent } from "../store.ts";

/** Unpacks contents at `place` and says which path they make there. The NAR is read from `place`. */
export async function placeContent(
  storeDir: StoreDir,
  content: IncomingContent,
  place: string,
): Promise<{ info: PathInfo; nar: ByteSource }> {
  const { name, method, algorithm } = content;
  if (content.dump === "nar") await restorePath(content.data, place);
  else await pipeline(content.data, createWriteStream(place, { flags: "wx", mode: 0o644 }));
  const hash = await contentHash({ place, method, algorithm });
  const references = [...content.references].sort();
  const path = makeContentAddressedPath(
    storeDir,
    name,
    { method, hash },
    { others: references, self: false },
  );
  const { hash: narHash, size: narSize } = await hashPath(place);
  const contentAddress = { method, hash };
  const info = {
    path,
    narHash,
    narSize,
    references,
    registrationTime: 0,
    ultimate: false,
    signatures: [],
    contentAddress,
  };
  return { info, nar: dumpPath(place) };
}
