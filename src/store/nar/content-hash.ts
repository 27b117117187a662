import { lstatSync } from "node:fs";
import { open } from "node:fs/promises";
import { ElsewhereError } from "#base/errors.ts";
import type { ContentAddressMethod } from "#nix/content-address.ts";
import type { Hash, HashAlgorithm } from "#nix/hash.ts";
import { ModuloHasher } from "#nix/hash-rewriting.ts";
import { Hasher } from "#nix/hasher.ts";
import { fileInNar } from "#nix/nar/file-in-nar.ts";
import { dumpPath } from "./dump-path.ts";
import { gitHash } from "./git-hash.ts";

/** What lies at a place, and what of it is hashed how. */
export interface Contents {
  readonly place: string;
  readonly method: ContentAddressMethod;
  readonly algorithm: HashAlgorithm;
  /** Its NAR, where that is in memory and was decoded. */
  readonly nar?: Uint8Array;
}

/** The hash that addresses contents which do not name their own path. */
export async function contentHash(contents: Contents): Promise<Hash> {
  if (contents.method === "git") return await gitHash(contents.place, contents.algorithm);
  const hasher = new Hasher(contents.algorithm);
  for await (const chunk of chunksOf(contents)) hasher.update(chunk);
  return hasher.finish();
}

/** The hashes that may address contents which name their own path by `hashPart`: Nix has had two ways. */
export async function selfReferringHashes(contents: Contents, hashPart: string): Promise<Hash[]> {
  const hasher = new ModuloHasher(contents.algorithm, hashPart);
  for await (const chunk of chunksOf(contents)) hasher.update(chunk);
  const { hash, hashWithPositions } = hasher.finish();
  return [hash, hashWithPositions];
}

function chunksOf({ place, method, nar }: Contents): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (method === "git")
    throw new ElsewhereError(
      "UNSUPPORTED_METHOD",
      "Cannot hash contents that name their own path by git's method: their hash would stand in themselves",
    );
  if (method === "nar") return nar ? [nar] : dumpPath(place, { reuseChunks: true });
  const contents = nar && fileInNar(nar);
  return contents ? [contents] : flatContents(place);
}

async function* flatContents(place: string): AsyncGenerator<Uint8Array> {
  if (!lstatSync(place).isFile())
    throw new ElsewhereError("NOT_A_FILE", `Cannot hash '${place}' as one file: it is no regular file`);
  const file = await open(place);
  yield* file.createReadStream({ highWaterMark: CHUNK_BYTES });
}

const CHUNK_BYTES = 256 * 1024;
