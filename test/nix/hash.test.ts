import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";
import { decodeText } from "#base/text.ts";
import {
  compressDigest,
  digestSize,
  formatHash,
  HASH_ALGORITHMS,
  type Hash,
  hashEquals,
  parseHash,
  sha256,
} from "#nix/hash.ts";
import { decodeNix32, encodeNix32, nix32Length } from "#nix/nix32.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";

const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

const arbitraryHash: fc.Arbitrary<Hash> = fc.constantFrom(...HASH_ALGORITHMS).chain((algorithm) => {
  const size = digestSize(algorithm);
  return fc.uint8Array({ minLength: size, maxLength: size }).map((digest) => ({ algorithm, digest }));
});

test("one hash has the spellings that Nix gives it", () => {
  const hash = sha256("abc");
  assert.equal(formatHash(hash, "base16"), `sha256:${ABC}`);
  assert.equal(formatHash(hash, "nix32"), "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s");
  assert.equal(formatHash(hash, "base64"), "sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  assert.equal(formatHash(hash, "sri"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
});

test("a hash survives printing in every base", () => {
  fc.assert(
    fc.property(arbitraryHash, fc.constantFrom("base16", "nix32", "base64", "sri"), (hash, format) => {
      const text = formatHash(hash, format);
      assert.ok(hashEquals(parseHash(text), hash), text);
      assert.ok(hashEquals(parseHash(text, hash.algorithm), hash), text);
      const digits = text.slice(hash.algorithm.length + 1);
      assert.ok(hashEquals(parseHash(digits, hash.algorithm), hash), digits);
    }),
  );
});

test("what is no hash is refused", () => {
  const bad = [
    "",
    "sha256",
    "sha256:",
    "sha256-",
    ABC,
    `sha1:${ABC}`,
    `sha3:${ABC}`,
    `sha256:${ABC.slice(1)}g`,
    `sha256:${"e".repeat(52)}`,
  ];
  for (const text of [...bad, `sha256-${ABC}`, `toString:${ABC}`])
    assert.throws(() => parseHash(text), { code: "MALFORMED" }, text);
  assert.throws(() => parseHash(`sha256:${ABC}`, "sha1"), { code: "MALFORMED" });
  assert.throws(() => parseHash(ABC, "sha1"), { code: "MALFORMED" });
});

test("any text is a hash or an error of ours", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom("sha256:", "sha256-", "sha1:", ""), fc.stringMatching(/^[0-9a-z+/=]{0,64}$/))
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (found) => {
      try {
        assert.ok(parseHash(found).digest.length > 0);
      } catch (error) {
        assert.ok(error instanceof ElsewhereError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test("a text is hashed by its bytes, also where they are not UTF-8", () => {
  const bytes = Buffer.from([0x61, 0xff, 0xfe]);
  assert.deepEqual(
    Buffer.from(sha256(decodeText(bytes)).digest),
    createHash("sha256").update(bytes).digest(),
  );
});

test("nix32 survives every length, and its bits are the digest's from the end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const text = encodeNix32(bytes);
      assert.equal(text.length, nix32Length(bytes.length));
      assert.deepEqual(decodeNix32(text, bytes.length), Buffer.from(bytes));
      const number = BigInt(`0x0${Buffer.from(bytes).reverse().toString("hex")}`);
      let value = 0n;
      for (const digit of text)
        value = value * 32n + BigInt("0123456789abcdfghijklmnpqrsvwxyz".indexOf(digit));
      assert.equal(value, number);
    }),
  );
});

test("nix32 digits that stand for more bits than there are are refused", () => {
  assert.throws(() => decodeNix32(`z${"0".repeat(51)}`, 32), { code: "MALFORMED" });
  assert.throws(() => decodeNix32("0e", 1), { code: "MALFORMED" });
  assert.throws(() => decodeNix32("000", 1), { code: "MALFORMED" });
});

test("folding keeps every bit's parity", () => {
  assert.deepEqual(
    compressDigest(Buffer.from("0102040810", "hex"), 2),
    new Uint8Array([0x01 ^ 0x04 ^ 0x10, 0x02 ^ 0x08]),
  );
});

test("the reference implementation's digests agree", { skip: withoutShared }, () => {
  const golden = JSON.parse(readFileSync(`${sharedDir}/vectors/golden/literals/hash.json`, "utf8"));
  for (const { algo, input, hex } of golden.hex) {
    assert.equal(formatHash(parseHash(hex, algo), "base16"), `${algo}:${hex}`);
    if (algo !== "blake3") assert.equal(createHash(algo).update(input).digest("hex"), hex);
  }
});
