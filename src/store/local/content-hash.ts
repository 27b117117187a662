import { lstatSync } from "node:fs";
import { open } from "node:fs/promises";
import { ElsewhereError } from "#base/errors.ts";
import type { ContentAddressMethod } from "#nix/content-address.ts";
import type { Hash, HashAlgorithm } from "#nix/hash.ts";
import { ModuloHasher } from "#nix/hash-rewriting.ts";
import { Hasher } from "#nix/hasher.ts";
import { dumpPath } from "../nar/dump-path.ts";

/** What lies at a place, and what of it is hashed how. */
export interface Contents {
  readonly place: string;
  readonly method: ContentAddressMethod;
  readonly algorithm: HashAlgorithm;
}

/** The hash that addresses contents which do not name their own path. */
export async function contentHash(contents: Contents): Promise<Hash> {
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

function chunksOf({ place, method }: Contents): AsyncIterable<Uint8Array> {
  if (method === "git")
    throw new ElsewhereError(
      "UNSUPPORTED_METHOD",
      "Cannot hash contents by git's method: it is not supported",
    );
  return method === "nar" ? dumpPath(place) : flatContents(place);
}

async function* flatContents(place: string): AsyncGenerator<Uint8Array> {
  if (!lstatSync(place).isFile())
    throw new ElsewhereError("NOT_A_FILE", `Cannot hash '${place}' as one file: it is no regular file`);
  const file = await open(place);
  yield* file.createReadStream({ highWaterMark: CHUNK_BYTES });
}

const CHUNK_BYTES = 256 * 1024;
