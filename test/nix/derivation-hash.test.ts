import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { encodeText } from "#base/text.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation, maskContents, parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath, fillOutputPaths, hashModulo, type InputHashes } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { derivationFromJson } from "#nix/derivation-json.ts";
import { DEFAULT_STORE_DIR as STORE, type StorePath } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { readGolden, readGoldenJson } from "./golden-derivation.ts";

const MODULO = "libstore/derivation/hash-modulo";

function readModulo(file: string): Derivation {
  return derivationFromJson(STORE, readGoldenJson(`${MODULO}/${file}.json`));
}

function hasherOfGolden(): DerivationHasher {
  const files = ["source-first", "source-second", "intermediate-first", "intermediate-second"];
  const drvs = new Map(files.map((file) => [derivationPath(STORE, readModulo(file)), readModulo(file)]));
  return new DerivationHasher(STORE, (path) => drvs.get(path));
}

for (const file of ["intermediate-first", "intermediate-second", "parent-split", "parent-joined"])
  test(`${file} is hashed as its masked text`, { skip: withoutShared }, () => {
    const text = readGolden(`${MODULO}/${file}-modulo.drv`).toString().trimEnd();
    const { hex } = hashModulo(STORE, readModulo(file), hasherOfGolden().hashOf, { mask: true });
    assert.equal(hex, createHash("sha256").update(text).digest("hex"));
  });

const INVARIANTS = "libstore/derivation/invariants";
const noInputs: InputHashes = (path) => assert.fail(`${path} was asked for`);

function readInvariant(file: string): Derivation {
  return derivationFromJson(STORE, readGoldenJson(`${INVARIANTS}/${file}.json`));
}

for (const file of ["filled-in-deferred-empty-env-var", "filled-in-deferred-no-env-var"])
  test(`${file}: the paths are filled in`, { skip: withoutShared }, () => {
    const filled = fillOutputPaths(STORE, readInvariant(`${file}-pre`), noInputs);
    assert.deepEqual(filled, readInvariant(`${file}-post`));
  });

test("what is filled in already stays", { skip: withoutShared }, () => {
  const drv = readInvariant("filled-in-idempotent");
  assert.deepEqual(fillOutputPaths(STORE, drv, noInputs), drv);
});

test("a wrong path is refused, with the right one", { skip: withoutShared }, () => {
  assert.throws(
    () => fillOutputPaths(STORE, readInvariant("bad-path"), noInputs),
    /should be '[0-9a-z]{32}-bad-path'/,
  );
});

test("a wrong variable of a deferred output is set right", { skip: withoutShared }, () => {
  const filled = fillOutputPaths(STORE, readInvariant("bad-env-var"), noInputs);
  assert.match(filled.env.get("out")!, /^\/nix\/store\/[0-9a-z]{32}-bad-env-var$/);
});

const floating: InputHashes = () => ({ hex: "0".repeat(64), deferred: true, outputs: new Set(["out"]) });

test("a derivation on content-addressed inputs stays deferred", { skip: withoutShared }, () => {
  const drv = readInvariant("depends-on-drv-pre");
  assert.equal(fillOutputPaths(STORE, drv, floating), drv);
});

test("a path stated where none can be known is refused", { skip: withoutShared }, () => {
  const drv = readInvariant("bad-depends-on-drv-pre");
  assert.throws(() => fillOutputPaths(STORE, drv, floating), /should not be known yet/);
});

test("an output that an input does not have is refused", { skip: withoutShared }, () => {
  const without: InputHashes = (path) => ({ ...floating(path), outputs: new Set(["dev"]) });
  assert.throws(
    () => fillOutputPaths(STORE, readInvariant("depends-on-drv-pre"), without),
    /has no such output/,
  );
});

test("a source that is also an input derivation counts once in a derivation's path", () => {
  const path = `${"0".repeat(32)}-x.drv` as StorePath;
  const text = `Derive([("out","","","")],[("${STORE}/${path}",["out"])],["${STORE}/${path}"],"s","b",[],[])`;
  const both = parseDerivation(STORE, text, "both");
  const once = { ...both, inputSources: [] };
  assert.equal(derivationPath(STORE, both, encodeText(text)), derivationPath(STORE, once, encodeText(text)));
});

test("what is cut from a file is what would be printed", { skip: withoutShared }, () => {
  const contents = readGolden("libstore/derivation/ia/advanced-attributes-structured-attrs.drv");
  const drv = parseDerivation(STORE, contents, "advanced-attributes-structured-attrs");
  for (const outputs of [false, true]) {
    const mask = { outputs, inputs: new Map([["ab", ["dev", "out"]]]) };
    const cut = maskContents(STORE, drv, { contents, mask });
    assert.equal(cut?.toString(), formatDerivation(STORE, drv, mask));
  }
});

test("nothing is cut from a file that Nix would print otherwise", () => {
  const text = 'Derive([("out","","",""),("dev","","","")],[],[],"s","b",[],[])';
  const drv = parseDerivation(STORE, text, "x");
  const mask = { outputs: true, inputs: new Map() };
  assert.equal(maskContents(STORE, drv, { contents: encodeText(text), mask }), undefined);
});

test("derivations that need each other are refused", () => {
  const [a, b] = [`${"0".repeat(32)}-a.drv`, `${"1".repeat(32)}-b.drv`] as [StorePath, StorePath];
  const needs = (name: string, path: string) =>
    parseDerivation(
      STORE,
      `Derive([("out","","","")],[("${STORE}/${path}",["out"])],[],"s","b",[],[])`,
      name,
    );
  const hasher = new DerivationHasher(STORE, (path) => (path === a ? needs("a", b) : needs("b", a)));
  assert.throws(() => hasher.hashOf(a), /need each other/);
});
