import { createHash } from "node:crypto";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { formatDigest, formatHash, type Hash, hashEquals } from "#nix/hash.ts";
import type { NarInfo } from "#nix/narinfo.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { CacheWriter } from "./cache-files.ts";
import { compress, extensionOf } from "./compression.ts";

/** Writes a NAR into a cache, packed, once it has proved to be what its information says. */
export async function packNar(
  writer: CacheWriter,
  { info, nar }: { info: PathInfo; nar: ByteSource },
  compression: string,
): Promise<NarInfo> {
  const whole = new Meter();
  const packed = new Meter();
  await using file = await writer.scratch();
  for await (const chunk of compress(compression, whole.through(nar))) {
    packed.see(chunk);
    await file.append(chunk);
  }
  const narHash = whole.hash();
  checkNar(info, narHash, whole.size);
  const fileHash = packed.hash();
  const url = `nar/${formatDigest(fileHash, "nix32")}.nar${extensionOf(compression)}`;
  await file.keep(url);
  return { ...info, narHash, narSize: whole.size, url, compression, fileHash, fileSize: packed.size };
}

function checkNar(info: PathInfo, hash: Hash, size: number): void {
  if (!hashEquals(hash, info.narHash))
    throw new ElsewhereError(
      "HASH_MISMATCH",
      `Cannot add '${info.path}': its NAR hash is ${formatHash(hash, "sri")}, expected ${formatHash(info.narHash, "sri")}`,
    );
  if (info.narSize !== 0 && info.narSize !== size)
    throw new ElsewhereError(
      "SIZE_MISMATCH",
      `Cannot add '${info.path}': its NAR has ${size} bytes, expected ${info.narSize}`,
    );
}

/** Hashes and counts bytes that pass. */
class Meter {
  readonly #hasher = createHash("sha256");
  size = 0;

  see(chunk: Uint8Array): void {
    this.#hasher.update(chunk);
    this.size += chunk.length;
  }

  async *through(source: ByteSource): ByteSource {
    for await (const chunk of source) {
      this.see(chunk);
      yield chunk;
    }
  }

  hash(): Hash {
    return { algorithm: "sha256", digest: this.#hasher.digest() };
  }
}
