import { parseStorePath, printStorePath, type StorePath } from "#nix/store-path.ts";
import type { Codec, WireContext } from "../codec/codec.ts";
import { list, set } from "../codec/collections.ts";
import { mapped } from "../codec/derive.ts";
import { emptyOr } from "../codec/optional.ts";
import { asciiText } from "../codec/primitives.ts";

/** As `/nix/store/g1w7…-foo`. */
export const storePath: Codec<StorePath> = mapped(asciiText, {
  parse: (found, { storeDir }: WireContext) => parseStorePath(storeDir, found),
  print: (path, { storeDir }: WireContext) => printStorePath(storeDir, path),
});

/** The empty text where there is none. */
export const optionalStorePath: Codec<StorePath | undefined> = emptyOr({
  parse: (found, storeDir) => parseStorePath(storeDir, found),
  print: (path: StorePath, storeDir) => printStorePath(storeDir, path),
});

/** Sorted, without duplicates. */
export const storePathSet: Codec<readonly StorePath[]> = set(storePath, compareAscii);

/** In the sender's order. */
export const storePathList: Codec<readonly StorePath[]> = list(storePath);

/** Store paths are ASCII, where the order of characters is that of bytes. */
function compareAscii(a: StorePath, b: StorePath): number {
  return a < b ? -1 : a === b ? 0 : 1;
}
