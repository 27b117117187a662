import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";
import { formatHash } from "#nix/hash.ts";
import { formatNarInfo, parseNarInfo } from "#nix/narinfo.ts";
import { parsePublicKey, TrustedKeys } from "#nix/signature.ts";
import { validSignatures } from "#nix/signature-fingerprint.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";

const HELLO = `StorePath: /nix/store/nm7p8wxflggcwxfzayhysq4z6a1wg373-hello-2.12.3
URL: nar/1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3.nar.xz
Compression: xz
FileHash: sha256:1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3
FileSize: 4029176
NarHash: sha256:0f3gg73cybjfnzlav06r5ndr4711wv2gjkgk2s0lghp2h3cy6db7
NarSize: 279624
References: 8kvxvr3pmsypxiypq4g8zy13glnfr7nx-glibc-2.42-67 nm7p8wxflggcwxfzayhysq4z6a1wg373-hello-2.12.3
Deriver: g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-hello-2.12.3.drv
Sig: cache.nixos.org-1:KKAVZxBlWDIyEudYTewQby9rDHsYaI/W0MDZ3bEaaIN8zollUa0RB8uyggsn554gUSj9Kx+Zr+pe8yTdHcUJCw==
CA: fixed:r:sha256:1lr187v6dck1rjh2j6svpikcfz53wyl3qrlcbb405zlh13x0khhh
`;

const parse = (text: string) => parseNarInfo(DEFAULT_STORE_DIR, text);

test("a narinfo is read and printed again as it was", () => {
  const info = parse(HELLO);
  assert.equal(info.narSize, 279624);
  assert.equal(info.fileSize, 4029176);
  assert.equal(info.deriver, "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-hello-2.12.3.drv");
  assert.equal(info.contentAddress?.method, "nar");
  assert.equal(formatNarInfo(DEFAULT_STORE_DIR, info), HELLO);
  const key = parsePublicKey("cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=");
  assert.equal(validSignatures(DEFAULT_STORE_DIR, info, new TrustedKeys([key])).length, 1);
});

test("what is not there has its default, and unknown lines are passed over", () => {
  const lean = HELLO.split("\n").filter((line) => /^(StorePath|URL|NarHash|NarSize)/.test(line));
  const info = parse([...lean, "Deriver: unknown-deriver", "References:", "Future: x"].join("\n"));
  assert.equal(info.compression, "bzip2");
  assert.deepEqual(
    [info.references, info.signatures, info.deriver, info.fileHash],
    [[], [], undefined, undefined],
  );
});

test("several signatures are kept, sorted and without duplicates", () => {
  const info = parse(`${HELLO}Sig: a:b\nSig: a:b\n`);
  assert.equal(info.signatures.length, 2);
  assert.equal(info.signatures[0], "a:b");
});

test("a signature that is no word makes no fields of what follows in it", () => {
  const forged = { ...parse(HELLO), signatures: ["a:b\nCA: text:sha256:0", "a b", "a:c"] };
  assert.deepEqual(parse(formatNarInfo(DEFAULT_STORE_DIR, forged)), { ...forged, signatures: ["a:c"] });
});

for (const name of ["StorePath", "URL", "NarHash", "NarSize"])
  test(`a narinfo without ${name}, or with two, is refused`, () => {
    const line = new RegExp(`^${name}: .*\n`, "m");
    assert.throws(() => parse(HELLO.replace(line, "")), { code: "MALFORMED" });
    assert.throws(() => parse(HELLO.replace(line, (found) => found + found)), /more than one/);
  });

const FORGED: [string, RegExp, string][] = [
  ["a reference that leads out", /glibc-2.42-67/, "../../etc"],
  ["a reference with a store directory", /References: /, "References: /nix/store/"],
  ["a path of another store", /\/nix\/store\//, "/gnu/store/"],
  ["a URL that leads up", /nar\/1/, "nar/../../1"],
  ["a URL that leads up in disguise", /nar\/1/, "nar/%2E%2e/1"],
  ["an absolute URL", /URL: nar/, "URL: /etc"],
  ["a URL of a file", /URL: nar/, "URL: file:///etc"],
  ["a size of nothing", /NarSize: \d+/, "NarSize: 0"],
  ["a size below nothing", /NarSize: /, "NarSize: -"],
  ["a size beyond numbers", /NarSize: \d+/, "NarSize: 99999999999999999999"],
  ["a hash of another kind", /NarHash: sha256:/, "NarHash: sha1:"],
  ["a hash without digits", /NarHash: .*/, "NarHash: sha256:"],
  ["a line without a name", /CA: /, ": "],
];
for (const [what, from, to] of FORGED)
  test(`${what} is refused`, () => {
    assert.throws(() => parse(HELLO.replace(from, to)), ElsewhereError);
  });

test("any narinfo with any bytes changed is refused or survives printing", () => {
  fc.assert(
    fc.property(
      fc.nat(HELLO.length),
      fc.nat(8),
      fc.string({ maxLength: 8, unit: "binary" }),
      (at, size, text) => {
        try {
          const info = parse(HELLO.slice(0, at) + text + HELLO.slice(at + size));
          assert.deepEqual(parse(formatNarInfo(DEFAULT_STORE_DIR, info)), info);
        } catch (error) {
          assert.ok(error instanceof ElsewhereError, String(error));
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("hashes in other bases are the same hashes", () => {
  const info = parse(HELLO.replace(/NarHash: .*/, `NarHash: ${formatHash(parse(HELLO).narHash, "sri")}`));
  assert.deepEqual(info.narHash, parse(HELLO).narHash);
});
