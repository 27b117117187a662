import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { formatDigest, formatHash, type HashAlgorithm } from "#nix/hash.ts";
import { Hasher } from "#nix/hasher.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";

const hash = (algorithm: HashAlgorithm, input: string | Uint8Array) =>
  formatDigest(new Hasher(algorithm).update(Buffer.from(input)).finish(), "base16");

/** The input of the official vectors: bytes that count to 250 again and again. */
const counting = (length: number) => Buffer.from(Array.from({ length }, (_, i) => i % 251));

test("BLAKE3 of the official inputs is the official one, at and around the borders of blocks and chunks", () => {
  const vectors: [number, string][] = [
    [0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"],
    [1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"],
    [1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"],
    [1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"],
    [1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"],
    [2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"],
    [2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"],
    [102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"],
  ];
  for (const [length, digest] of vectors) assert.equal(hash("blake3", counting(length)), digest, `${length}`);
});

test("a hash does not depend on how its input comes", () => {
  const input = counting(5000);
  for (const algorithm of ["md5", "sha1", "sha256", "sha512", "blake3"] as const)
    for (const size of [1, 63, 64, 65, 1024, 4096]) {
      const hasher = new Hasher(algorithm);
      for (let at = 0; at < input.length; at += size) hasher.update(input.subarray(at, at + size));
      assert.equal(
        formatDigest(hasher.finish(), "base16"),
        hash(algorithm, input),
        `${algorithm} by ${size}`,
      );
    }
});

test("the reference implementation's digests of every algorithm agree", { skip: withoutShared }, () => {
  const golden = `${sharedDir}/vectors/golden`;
  for (const { algo, input, hex } of JSON.parse(readFileSync(`${golden}/literals/hash.json`, "utf8")).hex)
    assert.equal(hash(algo, input), hex);
  const blake3 = JSON.parse(readFileSync(`${golden}/libutil/hash/blake3.json`, "utf8"));
  assert.equal(formatHash(new Hasher("blake3").update(Buffer.from("asdf")).finish(), "sri"), blake3);
});
