import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatDerivedPath,
  outputsSpecToJson,
  parseDerivedPath,
  parseOutputsSpec,
  splitOutputsSpec,
} from "#nix/derived-path-text.ts";
import { DEFAULT_STORE_DIR as STORE } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { readGolden } from "./golden-derivation.ts";

const HASH = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";

for (const text of [
  `${STORE}/${HASH}-foo`,
  `${STORE}/${HASH}-foo.drv`,
  `${STORE}/${HASH}-foo.drv^*`,
  `${STORE}/${HASH}-foo.drv^bin,out`,
])
  test(`${text} comes out as it went in, with either separator`, () => {
    assert.equal(formatDerivedPath(STORE, parseDerivedPath(STORE, text)), text);
    const wire = text.replace("^", "!");
    assert.equal(formatDerivedPath(STORE, parseDerivedPath(STORE, wire, "!"), "!"), wire);
  });

for (const text of [
  "/etc/passwd",
  `${STORE}/${HASH}-foo^out`,
  `${STORE}/${HASH}-foo.drv^`,
  `${STORE}/${HASH}-foo.drv^a^b`,
])
  test(`${text} is refused`, () => {
    assert.throws(() => parseDerivedPath(STORE, text));
  });

test("output names are read as Nix reads them", { skip: withoutShared }, () => {
  const golden = JSON.parse(readGolden("literals/outputs-spec.json").toString());
  for (const text of golden.reject) assert.throws(() => parseOutputsSpec(text), text);
  for (const [text, expected] of Object.entries(golden.accept))
    assert.deepEqual(parseOutputsSpec(text), expected === "all" ? "*" : expected);
  for (const text of golden.extended_reject)
    if (text !== "^") assert.throws(() => splitOutputsSpec(text), text);
  for (const [text, [base, expected]] of Object.entries(golden.extended_accept) as [
    string,
    [string, unknown],
  ][])
    assert.deepEqual(splitOutputsSpec(text), {
      base,
      outputs: expected === "all" ? "*" : (expected ?? undefined),
    });
});

test("the JSON form is a list", { skip: withoutShared }, () => {
  for (const [file, text] of [
    ["all", "*"],
    ["name", "a"],
    ["names", "b,a"],
  ] as const) {
    const golden = JSON.parse(readGolden(`libstore/outputs-spec/${file}.json`).toString());
    assert.deepEqual(outputsSpecToJson(parseOutputsSpec(text)), golden);
  }
});
