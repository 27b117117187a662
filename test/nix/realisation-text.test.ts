import assert from "node:assert/strict";
import { test } from "node:test";
import { asJsonObject, formatJson } from "#nix/json-text.ts";
import {
  buildTraceFingerprint,
  formatDrvOutput,
  formatRealisation,
  parseDrvOutput,
  parseRealisation,
  readSignatures,
  realisationFingerprint,
} from "#nix/realisation-text.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { readGolden, readGoldenJson } from "./golden-derivation.ts";

for (const name of ["simple", "with-signature", "with-dependent-realisations"])
  test(`realisation ${name} comes out as it went in`, { skip: withoutShared }, () => {
    const json = readGoldenJson(`by-release/2.34.8/libstore/realisation/${name}.json`);
    const text = formatJson(json);
    assert.equal(formatRealisation(parseRealisation(text)), text);
  });

test("what is signed is the JSON without the signatures", { skip: withoutShared }, () => {
  const json = new Map(
    asJsonObject(readGoldenJson("by-release/2.34.8/libstore/realisation/with-signature.json"), ""),
  );
  const fingerprint = realisationFingerprint(parseRealisation(formatJson(json)));
  json.delete("signatures");
  assert.equal(fingerprint, formatJson(json));
});

for (const [name, out] of [
  ["simple", "foo"],
  ["with-signature", "foo.drv"],
])
  test(`the newer fingerprint of ${name} is Nix's`, { skip: withoutShared }, () => {
    const hash = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";
    const [drvPath, outPath] = [`${hash}-bar.drv`, `${hash}-${out}`].map(parseStorePathBaseName);
    const golden = readGolden(`libstore/realisation/${name}-fingerprint.txt`).toString();
    assert.equal(buildTraceFingerprint(drvPath!, "foo", outPath!), golden);
  });

test("signatures are read as texts and in parts", { skip: withoutShared }, () => {
  const read = (file: string) => {
    const value = asJsonObject(readGoldenJson(`libstore/realisation/${file}.json`), "").get("value");
    return readSignatures(asJsonObject(value, "").get("signatures")!);
  };
  assert.equal(read("with-signature").length, 1);
  assert.deepEqual(read("with-signature"), read("with-signature-unstructured"));
});

test("an id comes out as it went in", () => {
  const id = `sha256:${"ab".repeat(32)}!out`;
  assert.equal(formatDrvOutput(parseDrvOutput(id)), id);
});

for (const id of [
  "",
  "sha256:00!out",
  `sha256:${"ab".repeat(32)}`,
  `sha256:${"ab".repeat(32)}!`,
  `sha1:${"ab".repeat(20)}!out`,
])
  test(`'${id}' is no id`, () => {
    assert.throws(() => parseDrvOutput(id), { code: "MALFORMED" });
  });
