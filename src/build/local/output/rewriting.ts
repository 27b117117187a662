import { makeStorePath, outputPathName } from "#nix/content-address.ts";
import {
  HASH_PART_LENGTH,
  hashPartOf,
  parseStorePathBaseName,
  type StoreDir,
  type StorePath,
} from "#nix/store-path.ts";

/** Where an output goes while it is built, when its own path is not known or is taken. Source: Nix, `makeFallbackPath`. */
export function fallbackPath(
  storeDir: StoreDir,
  drvPath: StorePath,
  { drvName, outputName }: { drvName: string; outputName: string },
): StorePath {
  const zeros = { algorithm: "sha256", digest: new Uint8Array(32) } as const;
  return makeStorePath(
    storeDir,
    `rewrite:${drvPath}:name:${outputName}`,
    zeros,
    outputPathName(drvName, outputName),
  );
}

/** Replaces texts (placeholders of outputs) in a text. */
export function rewriteText(text: string, rewrites: ReadonlyMap<string, string>): string {
  let rewritten = text;
  for (const [from, to] of rewrites) if (rewritten.includes(from)) rewritten = rewritten.replaceAll(from, to);
  return rewritten;
}

/** A path with its hash part replaced, where that is to be. */
export function rewritePath(path: StorePath, hashParts: ReadonlyMap<string, string>): StorePath {
  const replacement = hashParts.get(hashPartOf(path));
  return replacement === undefined
    ? path
    : parseStorePathBaseName(replacement + path.slice(HASH_PART_LENGTH));
}
