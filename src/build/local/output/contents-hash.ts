import { createHash } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";
import type { ContentAddress } from "#nix/content-address.ts";
import type { Hash, HashAlgorithm } from "#nix/hash.ts";
import { ModuloHasher } from "#nix/hash-rewriting.ts";
import { dumpChunks } from "#store/nar/dump-path.ts";
import { gitHash } from "#store/nar/git-hash.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import { BuildFailure } from "../build-failure.ts";

export interface ContentsOptions {
  readonly method: ContentAddress["method"];
  readonly algorithm: HashAlgorithm;
  readonly selfHashPart?: string | undefined;
}

/** The hash that addresses an output, its mentions of itself left out. */
export async function contentsHash(
  place: string,
  { method, algorithm, selfHashPart }: ContentsOptions,
): Promise<Hash> {
  if (method === "git" && selfHashPart === undefined) return await gitHash(place, algorithm);
  if (method === "git" || algorithm === "blake3")
    throw new ElsewhereError(
      "UNSUPPORTED_METHOD",
      `Cannot hash an output by ${method} with ${algorithm}: it is not supported here`,
    );
  if (method !== "nar") checkFlat(place);
  if (method === "nar" && algorithm === "sha256" && selfHashPart === undefined)
    return (await hashPath(place)).hash;
  const contents = method === "nar" ? dumpChunks(place) : [readFileSync(place)];
  if (selfHashPart !== undefined) {
    const hasher = new ModuloHasher(algorithm, selfHashPart);
    for (const chunk of contents) hasher.update(chunk);
    return hasher.finish().hash;
  }
  const hasher = createHash(algorithm);
  for (const chunk of contents) hasher.update(chunk);
  return { algorithm, digest: hasher.digest() };
}

function checkFlat(place: string): void {
  const stats = lstatSync(place);
  if (stats.isFile() && (stats.mode & 0o111) === 0) return;
  throw new BuildFailure(
    "OutputRejected",
    `output path "${place}" should be a non-executable regular file since recursive hashing is not enabled (one of outputHashMode={flat,text} is true)`,
  );
}
