import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation, parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationFromJson, derivationToJson } from "#nix/derivation-json.ts";
import { formatJsonOutput, parseJsonOutput } from "#nix/derivation-json-output.ts";
import { formatJson, parseJson } from "#nix/json-text.ts";
import { DEFAULT_STORE_DIR as STORE } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { anyDerivation } from "./any-derivation.ts";
import { readGolden, readGoldenJson } from "./golden-derivation.ts";

const PAIRS = [
  ["simple-derivation", "simple-derivation"],
  ["dyn-dep-derivation", "dyn-dep-derivation"],
  ["ia/advanced-attributes", "advanced-attributes"],
  ["ia/advanced-attributes-defaults", "advanced-attributes-defaults"],
  ["ia/advanced-attributes-structured-attrs", "advanced-attributes-structured-attrs"],
  ["ia/advanced-attributes-structured-attrs-defaults", "advanced-attributes-structured-attrs-defaults"],
  ["ca/advanced-attributes", "advanced-attributes"],
  ["ca/advanced-attributes-structured-attrs", "advanced-attributes-structured-attrs"],
  ["hash-modulo/source-first", "source"],
  ["hash-modulo/intermediate-second", "intermediate"],
  ["hash-modulo/parent-joined", "parent"],
] as const;

for (const [file] of PAIRS)
  test(`${file}.drv is shown as ${file}.json, and read back from it`, { skip: withoutShared }, () => {
    const json = readGolden(`libstore/derivation/${file}.json`).toString().trimEnd();
    const read = derivationFromJson(STORE, parseJson(json, file));
    const text = readGolden(`libstore/derivation/${file}.drv`).toString().trimEnd();
    assert.equal(formatDerivation(STORE, read), text);
    const drv = parseDerivation(STORE, text, read.name);
    assert.equal(formatJson(derivationToJson(STORE, drv), { indent: 2 }), json);
  });

for (const [file, drvFile] of [
  ["simple", "simple"],
  ["dynDerivationDeps", "dynDerivationDeps"],
] as const)
  test(`version 3 of ${file} is what Nix 2.26 printed`, { skip: withoutShared }, () => {
    const folder = "by-release/2.26.3/libstore/derivation";
    const json = readGolden(`${folder}/${file}.json`).toString().trimEnd();
    const read = derivationFromJson(STORE, parseJson(json, file));
    const drv = parseDerivation(STORE, readGolden(`${folder}/${drvFile}.drv`), read.name);
    assert.deepEqual(read, drv);
    assert.equal(formatJson(derivationToJson(STORE, drv, 3), { indent: 2 }), json);
  });

for (const file of ["-defaults", "-structured-attrs", "-structured-attrs-defaults"])
  test(`version 3 of advanced-attributes${file} comes out as it went in`, { skip: withoutShared }, () => {
    const path = `by-release/2.26.3/libstore/derivation/advanced-attributes${file}.json`;
    const json = readGolden(path).toString().trimEnd();
    const drv = derivationFromJson(STORE, parseJson(json, path));
    assert.equal(formatJson(derivationToJson(STORE, drv, 3), { indent: 2 }), json);
  });

const PLACE = { storeDir: STORE, drvName: "drv-name", outputName: "output-name" };

for (const kind of [
  "caFixedFlat",
  "caFixedNAR",
  "caFixedText",
  "caFloating",
  "deferred",
  "impure",
  "inputAddressed",
])
  test(`output-${kind} comes out as it went in`, { skip: withoutShared }, () => {
    const json = readGoldenJson(`libstore/derivation/output-${kind}.json`);
    assert.deepEqual(formatJsonOutput(parseJsonOutput(json, PLACE), PLACE, 4), json);
  });

test("a version 3 output whose path is not what its hash makes is refused", { skip: withoutShared }, () => {
  const json = readGoldenJson("by-release/2.26.3/libstore/derivation/output-caFixedFlat.json");
  assert.ok(json instanceof Map);
  assert.equal(parseJsonOutput(json, PLACE).kind, "fixed");
  assert.throws(() => parseJsonOutput(json, { ...PLACE, outputName: "other" }), /its hash makes/);
});

test("the form of Nix 2.8 is read: no name, methods before the algorithm, lists of outputs", () => {
  const hash = "894517c9163c896ec31a2adbd33c0681fd5f45b2c0ef08a64c92a03fb97f390f";
  const json = `{"outputs":{"out":{"hashAlgo":"r:sha256","hash":"${hash}"}},"inputSrcs":[],
    "inputDrvs":{"/nix/store/${"0".repeat(32)}-x.drv":["dev","out"]},"system":"s","builder":"b","args":["-c"],"env":{"a":"1"}}`;
  const drv = derivationFromJson(STORE, parseJson(json, "show-derivation"), "old");
  assert.equal(drv.name, "old");
  assert.deepEqual([...drv.inputDerivations.values()][0]!.outputs, ["dev", "out"]);
  const output = drv.outputs.get("out")!;
  assert.ok(output.kind === "fixed" && output.address.method === "nar");
});

test("every derivation survives JSON of either version", () => {
  fc.assert(
    fc.property(anyDerivation(), fc.constantFrom(3, 4), (drv: Derivation, version) => {
      const text = formatJson(derivationToJson(STORE, drv, version as 3 | 4));
      assert.deepEqual(derivationFromJson(STORE, parseJson(text, "it")), drv);
    }),
    { numRuns: 300 },
  );
});

test("a wrong type anywhere is refused with its name", () => {
  const json = (env: string) =>
    `{"name":"x","version":4,"outputs":{},"inputs":{"drvs":{},"srcs":[]},"system":"","builder":"","args":[],"env":${env}}`;
  assert.equal(derivationFromJson(STORE, parseJson(json("{}"), "it")).name, "x");
  assert.throws(() => derivationFromJson(STORE, parseJson(json("[]"), "it")), /Cannot parse env '\[\]'/);
  assert.throws(
    () => derivationFromJson(STORE, parseJson(json("{}").replace("4", "9"), "it")),
    /version 3 or 4/,
  );
});
