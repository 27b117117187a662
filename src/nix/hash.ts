import { Buffer } from "node:buffer";
import { hash as digestOf } from "node:crypto";
import { MalformedError } from "#base/errors.ts";
import { asBuffer, encodeText } from "#base/text.ts";
import { decodeNix32, encodeNix32, nix32Length } from "./nix32.ts";

/** The algorithms that Nix knows. `blake3` is experimental there and hashed by a library here. */
export const HASH_ALGORITHMS = ["md5", "sha1", "sha256", "sha512", "blake3"] as const;
export type HashAlgorithm = (typeof HASH_ALGORITHMS)[number];

/** A digest and how it was made. */
export interface Hash {
  readonly algorithm: HashAlgorithm;
  readonly digest: Uint8Array;
}

export type HashFormat = "base16" | "nix32" | "base64" | "sri";

/** Digest size of an algorithm, in bytes. */
export function digestSize(algorithm: HashAlgorithm): number {
  return DIGEST_BYTES[algorithm];
}

export function parseHashAlgorithm(text: string): HashAlgorithm {
  if (!(HASH_ALGORITHMS as readonly string[]).includes(text))
    throw new MalformedError("hash algorithm", text, `want one of ${HASH_ALGORITHMS.join(", ")}`);
  return text as HashAlgorithm;
}

/** SHA-256 of bytes, or of a text's bytes. */
export function sha256(data: Uint8Array | string): Hash {
  // A well-formed text is left to the hash, which is faster.
  const bytes = typeof data === "string" && !data.isWellFormed() ? encodeText(data) : data;
  return { algorithm: "sha256", digest: digestOf("sha256", bytes, "buffer") };
}

/** Parses `algo:digest` or SRI `algo-base64`; a bare digest only where `algorithm` is given. Base 16, 32 and 64. */
export function parseHash(text: string, algorithm?: HashAlgorithm): Hash {
  const prefixed = /^([a-z0-9]+)([:-])(.*)$/s.exec(text);
  if (!prefixed) {
    if (!algorithm) throw new MalformedError("hash", text, "it names no algorithm");
    return { algorithm, digest: parseDigest(text, algorithm) };
  }
  const found = parseHashAlgorithm(prefixed[1]!);
  if (algorithm && found !== algorithm) throw new MalformedError("hash", text, `want ${algorithm}`);
  const digest = prefixed[3]!;
  return {
    algorithm: found,
    digest: prefixed[2] === "-" ? parseBase64(digest, digestSize(found)) : parseDigest(digest, found),
  };
}

/** A digest in base 16, 32 or 64, told apart by its length. */
export function parseDigest(text: string, algorithm: HashAlgorithm): Uint8Array {
  const size = digestSize(algorithm);
  if (text.length === size * 2) return parseBase16(text, size);
  if (text.length === nix32Length(size)) return decodeNix32(text, size);
  if (text.length === Math.ceil(size / 3) * 4) return parseBase64(text, size);
  throw new MalformedError(`${algorithm} digest`, text, `${text.length} digits fit no encoding`);
}

/** `sha256:<digits>` in base16, nix32 or base64, or `sha256-<base64>` as SRI. */
export function formatHash(hash: Hash, format: HashFormat): string {
  return `${hash.algorithm}${format === "sri" ? "-" : ":"}${formatDigest(hash, format)}`;
}

/** The digits alone. */
export function formatDigest({ digest }: Hash, format: HashFormat): string {
  switch (format) {
    case "base16":
      return asBuffer(digest).toString("hex");
    case "nix32":
      return encodeNix32(digest);
    default:
      return asBuffer(digest).toString("base64");
  }
}

export function hashEquals(a: Hash, b: Hash): boolean {
  return a.algorithm === b.algorithm && Buffer.compare(a.digest, b.digest) === 0;
}

/** Folds a digest to `size` bytes by exclusive or, as store paths do. */
export function compressDigest(digest: Uint8Array, size: number): Uint8Array {
  const folded = new Uint8Array(size);
  for (let i = 0; i < digest.length; i++) folded[i % size]! ^= digest[i]!;
  return folded;
}

function parseBase16(text: string, size: number): Uint8Array {
  const digest = Buffer.from(text, "hex");
  if (digest.length !== size) throw new MalformedError("base-16 digest", text);
  return digest;
}

function parseBase64(text: string, size: number): Uint8Array {
  const digest = Buffer.from(text, "base64");
  if (digest.length !== size || !BASE64.test(text)) throw new MalformedError("base-64 digest", text);
  return digest;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DIGEST_BYTES: Record<HashAlgorithm, number> = { md5: 16, sha1: 20, sha256: 32, sha512: 64, blake3: 32 };
