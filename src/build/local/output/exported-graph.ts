import { formatContentAddress } from "#nix/content-address.ts";
import { formatHash } from "#nix/hash.ts";
import { jsonObject } from "#nix/json-text.ts";
import type { JsonValue } from "#nix/json-value.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";

/** A closure as the files of `exportReferencesGraph` hold it: path, deriver, count and references, a line each. */
export function graphAsText(storeDir: StoreDir, closure: readonly PathInfo[]): string {
  const print = (path: StorePath) => printStorePath(storeDir, path);
  return byPath(closure)
    .map(({ path, references }) =>
      // The deriver is left out, as in Nix: it would make builds depend on how their inputs came.
      [print(path), "", String(references.length), ...references.map(print), ""].join("\n"),
    )
    .join("");
}

/** The same in structured attributes. Sizes in bytes. */
export function graphAsJson(storeDir: StoreDir, closure: readonly PathInfo[]): JsonValue {
  const infos = new Map(closure.map((info) => [info.path, info]));
  return byPath(closure).map((info) =>
    jsonObject({
      ca: info.contentAddress && formatContentAddress(info.contentAddress),
      closureSize: BigInt(closureSize(info.path, infos)),
      narHash: formatHash(info.narHash, "nix32"),
      narSize: BigInt(info.narSize),
      path: printStorePath(storeDir, info.path),
      references: info.references.map((path) => printStorePath(storeDir, path)),
      valid: true,
    }),
  );
}

/** Bytes of the NARs of `root` and of all that it refers to. */
export function closureSize(root: StorePath, infos: ReadonlyMap<StorePath, PathInfo>): number {
  let size = 0;
  const seen = new Set([root]);
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const info = infos.get(path);
    if (!info) continue;
    size += info.narSize;
    for (const reference of info.references) {
      if (seen.has(reference)) continue;
      seen.add(reference);
      waiting.push(reference);
    }
  }
  return size;
}

function byPath(closure: readonly PathInfo[]): PathInfo[] {
  return [...closure].sort((a, b) => (a.path < b.path ? -1 : 1));
}
