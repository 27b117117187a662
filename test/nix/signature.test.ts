import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseHash } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import {
  formatPublicKey,
  formatSecretKey,
  makeSecretKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  SIGNATURES_MAX,
  signText,
  TrustedKeys,
} from "#nix/signature.ts";
import { pathFingerprint, signPathInfo, validSignatures } from "#nix/signature-fingerprint.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName } from "#nix/store-path.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";

const HELLO: PathInfo = {
  path: parseStorePathBaseName("nm7p8wxflggcwxfzayhysq4z6a1wg373-hello-2.12.3"),
  narHash: parseHash("sha256:0f3gg73cybjfnzlav06r5ndr4711wv2gjkgk2s0lghp2h3cy6db7"),
  narSize: 279624,
  references: [
    "8kvxvr3pmsypxiypq4g8zy13glnfr7nx-glibc-2.42-67",
    "nm7p8wxflggcwxfzayhysq4z6a1wg373-hello-2.12.3",
  ].map(parseStorePathBaseName),
  registrationTime: 0,
  ultimate: false,
  signatures: [
    "cache.nixos.org-1:KKAVZxBlWDIyEudYTewQby9rDHsYaI/W0MDZ3bEaaIN8zollUa0RB8uyggsn554gUSj9Kx+Zr+pe8yTdHcUJCw==",
  ],
};
const CACHE_KEY = parsePublicKey("cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=");

test("a signature of the public cache counts, and not when anything that it signs has changed", () => {
  const keys = new TrustedKeys([CACHE_KEY]);
  const valid = (info: PathInfo) => validSignatures(DEFAULT_STORE_DIR, info, keys).length;
  assert.equal(valid(HELLO), 1);
  assert.equal(valid({ ...HELLO, narSize: 279625 }), 0);
  assert.equal(valid({ ...HELLO, references: HELLO.references.slice(1) }), 0);
  assert.equal(valid({ ...HELLO, references: HELLO.references.toReversed() }), 1);
  assert.equal(validSignatures(DEFAULT_STORE_DIR, HELLO, new TrustedKeys()).length, 0);
});

test("the fingerprint names path, hash, size and references", () => {
  assert.equal(
    pathFingerprint(DEFAULT_STORE_DIR, HELLO),
    "1;/nix/store/nm7p8wxflggcwxfzayhysq4z6a1wg373-hello-2.12.3;sha256:0f3gg73cybjfnzlav06r5ndr4711wv2gjkgk2s0lghp2h3cy6db7;279624;/nix/store/8kvxvr3pmsypxiypq4g8zy13glnfr7nx-glibc-2.42-67,/nix/store/nm7p8wxflggcwxfzayhysq4z6a1wg373-hello-2.12.3",
  );
});

test("a signature of ours counts for those who trust the key, once however often it is made", () => {
  const key = makeSecretKey("me-1", Buffer.alloc(32, 7));
  const signed = signPathInfo(DEFAULT_STORE_DIR, signPathInfo(DEFAULT_STORE_DIR, HELLO, key), key);
  assert.equal(signed.signatures.length, 2);
  const trusted = new TrustedKeys([parsePublicKey(formatPublicKey(publicKeyOf(key)))]);
  assert.deepEqual(validSignatures(DEFAULT_STORE_DIR, signed, trusted), [signed.signatures[1]]);
});

test("text that is no signature counts for nothing", () => {
  const keys = new TrustedKeys([CACHE_KEY]);
  const signatures = [
    "",
    ":",
    "cache.nixos.org-1",
    "cache.nixos.org-1:",
    "cache.nixos.org-1:AAAA",
    `x${HELLO.signatures[0]}`,
  ];
  assert.deepEqual(keys.valid(pathFingerprint(DEFAULT_STORE_DIR, HELLO), signatures), []);
});

test("of signatures without end, no more are tried than anything has use for", () => {
  const keys = new TrustedKeys([CACHE_KEY]);
  const fingerprint = pathFingerprint(DEFAULT_STORE_DIR, HELLO);
  const wrong = Array.from({ length: SIGNATURES_MAX }, (_, index) => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(index);
    return `cache.nixos.org-1:${bytes.toString("base64")}`;
  });
  assert.equal(keys.valid(fingerprint, [...wrong.slice(1), ...HELLO.signatures]).length, 1);
  assert.equal(keys.valid(fingerprint, [...wrong, ...HELLO.signatures]).length, 0);
});

test("keys survive printing, and malformed ones are refused without being shown", () => {
  const text = formatSecretKey(makeSecretKey("me-1", Buffer.alloc(32, 7)));
  assert.equal(formatSecretKey(parseSecretKey(`${text}\n`)), text);
  for (const bad of [
    "",
    "me-1",
    "me-1:",
    text.slice(0, -4),
    `${text.slice(0, -8)}AAAAAA==`,
    text.replace("me-1", ""),
  ])
    assert.throws(
      () => parseSecretKey(bad),
      (error: Error) => !error.message.includes(text.slice(5, 20)),
    );
  assert.throws(() => makeSecretKey("a:b", Buffer.alloc(32)), { code: "MALFORMED" });
  assert.throws(() => parsePublicKey("a:AAAA"), { code: "MALFORMED" });
});

test("the vector of RFC 8032 is signed as the reference does", { skip: withoutShared }, () => {
  const { rfc8032 } = JSON.parse(readFileSync(`${sharedDir}/vectors/golden/literals/signing.json`, "utf8"));
  const key = makeSecretKey("k", Buffer.from(rfc8032.seed_hex, "hex"));
  assert.equal(publicKeyOf(key).bytes.toString("hex"), rfc8032.pub_hex);
});

test("a realisation is signed as the reference signs it", { skip: withoutShared }, () => {
  const golden = `${sharedDir}/vectors/golden`;
  const { realisation_secret_key } = JSON.parse(readFileSync(`${golden}/literals/signing.json`, "utf8"));
  const key = parseSecretKey(realisation_secret_key);
  for (const name of ["simple", "with-signature"]) {
    const fingerprint = readFileSync(`${golden}/libstore/realisation/${name}-fingerprint.txt`, "utf8");
    const { keyName, sig } = JSON.parse(
      readFileSync(`${golden}/libstore/realisation/${name}-sig.json`, "utf8"),
    );
    assert.equal(signText(key, fingerprint), `${keyName}:${sig}`);
  }
});
