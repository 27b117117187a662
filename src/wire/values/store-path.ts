import type { Buffer } from "node:buffer";
import { isStorePathBaseName, parseStorePath, printStorePath, type StorePath } from "#nix/store-path.ts";
import type { Codec, WireContext } from "../codec/codec.ts";
import { list, set } from "../codec/collections.ts";
import { counted, type Extent } from "../codec/primitives.ts";

/** As `/nix/store/g1w7…-foo`. */
export const storePath: Codec<StorePath> = counted(readStorePath, (path, out, { storeDir }) =>
  out.text(printStorePath(storeDir, path)),
);

/** The empty text where there is none. */
export const optionalStorePath: Codec<StorePath | undefined> = counted(
  (buffer, extent, ctx) => (extent.end === extent.start ? undefined : readStorePath(buffer, extent, ctx)),
  (path, out, { storeDir }) => out.text(path === undefined ? "" : printStorePath(storeDir, path)),
);

/** Makes no text of the whole: closures are tens of thousands of these, and a part of a text is slow to compare. */
function readStorePath(buffer: Buffer, { start, end }: Extent, { storeDir }: WireContext): StorePath {
  const cut = start + storeDir.length;
  if (buffer[cut] === SLASH && buffer.toString("latin1", start, cut) === storeDir) {
    const base = buffer.toString("latin1", cut + 1, end);
    if (isStorePathBaseName(base)) return base;
  }
  // Throws, and says why.
  return parseStorePath(storeDir, buffer.toString("latin1", start, end));
}

/** Sorted, without duplicates. */
export const storePathSet: Codec<readonly StorePath[]> = set(storePath, compareAscii);

/** In the sender's order. */
export const storePathList: Codec<readonly StorePath[]> = list(storePath);

/** Store paths are ASCII, where the order of characters is that of bytes. */
function compareAscii(a: StorePath, b: StorePath): number {
  return a < b ? -1 : a === b ? 0 : 1;
}

const SLASH = 0x2f;
