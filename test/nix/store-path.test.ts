import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  formatContentAddress,
  formatMethodAlgorithm,
  makeContentAddressedPath,
  makeOutputPath,
  parseContentAddress,
  parseMethodAlgorithm,
} from "#nix/content-address.ts";
import { parseHash, sha256 } from "#nix/hash.ts";
import {
  checkStorePathName,
  DEFAULT_STORE_DIR,
  hashPartOf,
  isDerivationPath,
  nameOf,
  parseInStore,
  parseStoreDir,
  parseStorePath,
  parseStorePathBaseName,
  printStorePath,
} from "#nix/store-path.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";

const G1 = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";

test("a store path comes apart and together again", () => {
  const path = parseStorePath(DEFAULT_STORE_DIR, `/nix/store/${G1}-foo-1.0.drv`);
  assert.deepEqual([hashPartOf(path), nameOf(path), isDerivationPath(path)], [G1, "foo-1.0.drv", true]);
  assert.equal(printStorePath(DEFAULT_STORE_DIR, path), `/nix/store/${G1}-foo-1.0.drv`);
  assert.deepEqual(parseInStore(DEFAULT_STORE_DIR, `/nix/store/${G1}-foo/bin/x`), {
    path: `${G1}-foo`,
    rest: "/bin/x",
  });
});

test("what is no store path is refused, with Nix's words for what lies outside", () => {
  const bad = [
    `${G1}foo`,
    `${G1}-`,
    G1,
    `e${G1.slice(1)}-foo`,
    `${G1.toUpperCase()}-foo`,
    `${G1}-a b`,
    `${G1}-a\n`,
    `${G1}-${"x".repeat(212)}`,
  ];
  for (const base of bad) assert.throws(() => parseStorePathBaseName(base), { code: "MALFORMED" }, base);
  assert.ok(parseStorePathBaseName(`${G1}-${"x".repeat(211)}`));
  assert.throws(() => parseStorePath(DEFAULT_STORE_DIR, `/gnu/store/${G1}-foo`), {
    code: "NOT_IN_STORE",
    message: /path '\/gnu\/store\/.*' is not in the Nix store '\/nix\/store'/,
  });
});

test("a store directory is absolute and normal", () => {
  assert.equal(parseStoreDir("/opt/store/"), "/opt/store");
  for (const bad of ["", "nix/store", "/nix//store", "/nix/../store", "/nix/./store"])
    assert.throws(() => parseStoreDir(bad), { code: "MALFORMED" }, bad);
});

test("content addresses survive printing", () => {
  const digest = "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s";
  for (const text of [`text:${digest}`, `fixed:${digest}`, `fixed:r:${digest}`, `fixed:git:${digest}`])
    assert.equal(formatContentAddress(parseContentAddress(text)), text);
  for (const text of ["r:sha256", "sha512", "text:sha256", "git:sha1"]) {
    const { method, algorithm } = parseMethodAlgorithm(text);
    assert.equal(formatMethodAlgorithm(method, algorithm), text);
  }
  for (const bad of [
    "",
    digest,
    `fixed:x:${digest}`,
    "fixed:r:sha256",
    "text:sha1:kpcd173cq987hw957sx6m0868wv3x6d9",
  ])
    assert.throws(() => parseContentAddress(bad), { code: "MALFORMED" }, bad);
  assert.throws(() => parseMethodAlgorithm("x:sha256"), { code: "MALFORMED" });
});

// Paths that Nix 2.26.3 printed for these contents.
test("contents make the paths that they make in Nix", () => {
  const make = (...args: [name: string, method: "nar" | "flat" | "text", hash: string]) =>
    makeContentAddressedPath(DEFAULT_STORE_DIR, args[0], { method: args[1], hash: parseHash(args[2]) });
  const asdf = "sha256-f1eduuSIYC1BofXA1tycF79Ai2NSMJQtUErx5DxLYSU=";
  assert.equal(make("my-file", "nar", asdf), "5hizn7xyyrhxr0k2magvxl5ccvk0ci9n-my-file");
  const others = [parseStorePathBaseName(`${G1}-bar`)];
  const address = { method: "nar", hash: sha256("(...)") } as const;
  assert.equal(
    makeContentAddressedPath(DEFAULT_STORE_DIR, "foo", address, { others, self: true }),
    "n5wkd9frr45pa74if5gpz9j7mifg27fh-foo",
  );
});

test("what cannot have references is refused with them", () => {
  const others = [parseStorePathBaseName(`${G1}-bar`)];
  const hash = sha256("x");
  const refused = [
    [
      { method: "flat", hash },
      { others, self: false },
    ],
    [
      { method: "nar", hash: parseHash("sha1:a9993e364706816aba3e25717850c26c9cd0d89d") },
      { others, self: false },
    ],
    [
      { method: "text", hash },
      { others: [], self: true },
    ],
  ] as const;
  for (const [address, references] of refused)
    assert.throws(() => makeContentAddressedPath(DEFAULT_STORE_DIR, "x", address, references), {
      code: "MALFORMED",
    });
});

test("an output's name ends with the output's, save for out", () => {
  assert.equal(nameOf(makeOutputPath(DEFAULT_STORE_DIR, "out", sha256("x"), "hello")), "hello");
  assert.equal(nameOf(makeOutputPath(DEFAULT_STORE_DIR, "dev", sha256("x"), "hello")), "hello-dev");
});

test("the reference implementation takes and refuses the same", { skip: withoutShared }, () => {
  const golden = JSON.parse(readFileSync(`${sharedDir}/vectors/golden/literals/store-path.json`, "utf8"));
  for (const name of golden.valid_names) checkStorePathName(name);
  for (const name of golden.invalid_names)
    assert.throws(() => checkStorePathName(name), { code: "MALFORMED" }, name);
  for (const path of [...golden.never_valid, ...golden.lenient_only])
    assert.throws(() => parseStorePath(DEFAULT_STORE_DIR, path), `${path} was accepted`);
});
