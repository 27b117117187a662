import { createHash } from "node:crypto";
import type { PathInfo } from "#nix/path-info.ts";
import type { Store } from "#store/store.ts";

/** Whether the NAR of a path, read through its store, has the hash and the size that the store tells. */
export async function hashNar(store: Store, { path, narHash, narSize }: PathInfo): Promise<boolean> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of store.narFromPath(path)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return hash.digest().equals(Buffer.from(narHash.digest)) && (narSize === 0 || narSize === size);
}
