import assert from "node:assert/strict";
import { test } from "node:test";
import { derivationFromJson } from "#nix/derivation-json.ts";
import { asJsonList, asJsonObject, asJsonText } from "#nix/json-text.ts";
import { DownstreamPlaceholder, hashPlaceholder } from "#nix/placeholder.ts";
import { needsResolution, type OutputLookup, resolveDerivation } from "#nix/resolve.ts";
import { parseStorePathBaseName, DEFAULT_STORE_DIR as STORE, type StorePath } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { readGolden, readGoldenJson } from "./golden-derivation.ts";

const FOLDER = "libstore/derivation/try-resolve";

function lookupIn(name: string): OutputLookup {
  const known = new Map<string, StorePath>();
  for (const pair of asJsonList(readGoldenJson(`${FOLDER}/${name}-buildTrace.json`), "build trace")) {
    const [id, path] = asJsonList(pair, "pair");
    const { drvPath, output } = Object.fromEntries(asJsonObject(id, "id"));
    known.set(`${drvPath}!${output}`, parseStorePathBaseName(asJsonText(path, "path")));
  }
  return (drvPath, output) => known.get(`${drvPath}!${output}`);
}

for (const [name, after] of [
  ["no-inputs", "after"],
  ["with-inputs", "after"],
  ["export-ref-subpath", "resolved"],
  ["export-ref-subpath-sa", "resolved"],
] as const)
  test(`${name} is resolved`, { skip: withoutShared }, () => {
    const drv = derivationFromJson(STORE, readGoldenJson(`${FOLDER}/${name}-before.json`));
    const expected = derivationFromJson(STORE, readGoldenJson(`${FOLDER}/${name}-${after}.json`));
    assert.deepEqual(resolveDerivation(STORE, drv, lookupIn(name)), expected);
    assert.equal(needsResolution(drv), drv.inputDerivations.size > 0);
  });

test("nothing is resolved while an output is not known", { skip: withoutShared }, () => {
  const drv = derivationFromJson(STORE, readGoldenJson(`${FOLDER}/resolution-failure-before.json`));
  assert.equal(resolveDerivation(STORE, drv, lookupIn("resolution-failure")), undefined);
});

test("placeholders are Nix's", { skip: withoutShared }, () => {
  const golden = JSON.parse(readGolden("literals/placeholders.json").toString());
  for (const { drv, output, render } of golden.unknown_ca_output)
    assert.equal(`${DownstreamPlaceholder.ofOutput(drv, output)}`, render);
  for (const { drv, output, then_output, render } of golden.unknown_derivation)
    assert.equal(`${DownstreamPlaceholder.ofOutput(drv, output).outputOf(then_output)}`, render);
});

test("the placeholder of an own output is Nix's", () => {
  assert.equal(hashPlaceholder("out"), "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9");
});
