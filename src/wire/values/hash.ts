import { MalformedError } from "#base/errors.ts";
import { formatDigest, formatHash, type Hash, parseDigest, parseHash } from "#nix/hash.ts";
import type { Codec } from "../codec/codec.ts";
import { mapped } from "../codec/derive.ts";
import { asciiText } from "../codec/primitives.ts";

/** A SHA-256 as its digits alone, in base 16. */
export const bareSha256: Codec<Hash> = mapped(asciiText, {
  parse: parseSha256,
  print: (hash) => formatDigest(hash, "base16"),
});

/** As `sha256:<nix32>`. */
export const prefixedSha256: Codec<Hash> = mapped(asciiText, {
  parse: parseSha256,
  print: (hash) => formatHash(hash, "nix32"),
});

/** Stands where an old peer sends no hash. */
export const ZERO_SHA256: Hash = { algorithm: "sha256", digest: new Uint8Array(32) };

/** In base 16 without a prefix, as nearly always, else as `parseHash` has it. */
function parseSha256(found: string): Hash {
  if (found.length === 64) return { algorithm: "sha256", digest: parseDigest(found, "sha256") };
  const hash = parseHash(found, "sha256");
  if (hash.algorithm !== "sha256") throw new MalformedError("NAR hash", found, "want sha256");
  return hash;
}
