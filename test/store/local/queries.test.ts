import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "#nix/hash.ts";
import { hashPartOf } from "#nix/store-path.ts";
import { addAll, chainOf, fileSample, makeStore, type Sample, streamOf } from "./local-rig.ts";

test("a closure has everything that is referred to, references first, and nothing else", async (t) => {
  const { store } = await makeStore(t);
  const [chain, other] = [chainOf(30, { fan: 3 }), chainOf(5, { seed: "other" })];
  await addAll(store, [...chain, ...other]);
  const closure = await store.queryClosure([chain[19]!.info.path]);
  const order = closure.map(({ path }) => path);
  assert.deepEqual(new Set(order), new Set(chain.slice(0, 20).map(({ info }) => info.path)));
  for (const { path, references } of closure)
    for (const reference of references) assert.ok(order.indexOf(reference) < order.indexOf(path));
  await assert.rejects(store.queryClosure([fileSample("no", "").info.path]), { code: "INVALID_PATH" });
});

test("referrers, hash parts and valid paths are found", async (t) => {
  const { store } = await makeStore(t);
  const [first, second, third] = chainOf(3) as [Sample, Sample, Sample];
  await addAll(store, [first, second, third]);
  assert.deepEqual([...(await store.queryReferrers(first.info.path))], [second.info.path]);
  assert.equal(await store.queryPathFromHashPart(hashPartOf(third.info.path)), third.info.path);
  assert.equal(await store.queryPathFromHashPart("0".repeat(32)), undefined);
  const absent = fileSample("absent", "").info.path;
  assert.deepEqual([...(await store.queryValidPaths([absent, second.info.path]))], [second.info.path]);
});

test("signatures are added to those that are there, once each", async (t) => {
  const { store } = await makeStore(t);
  const { info, nar } = fileSample("signed", "x");
  await addAll(store, [{ info: { ...info, signatures: ["b:Yg=="] }, nar }]);
  await store.addSignatures(info.path, ["c:Yw==", "a:YQ==", "b:Yg=="]);
  const found = (await store.queryPathInfos([info.path])).get(info.path)!;
  assert.deepEqual(found.signatures, ["a:YQ==", "b:Yg==", "c:Yw=="]);
  await assert.rejects(store.addSignatures(fileSample("no", "").info.path, []), { code: "INVALID_PATH" });
  const endless = Array.from({ length: 1001 }, (_, index) => `x${index}:Yg==`);
  await assert.rejects(store.addSignatures(info.path, endless), { code: "LIMIT" });
});

test("a derivation's outputs and derivers are known once it is added", async (t) => {
  const { store } = await makeStore(t);
  const drv = await addDerivation(store, fixedDerivation(FIXED_OUTPUT));
  const outputs = await store.queryDerivationOutputMap(drv);
  assert.deepEqual([...outputs], [["out", FIXED_OUTPUT]]);
  assert.deepEqual([...(await store.queryValidDerivers(outputs.get("out")!))], [drv]);
});

test("a derivation that claims another's output path is refused", async (t) => {
  const { store } = await makeStore(t);
  const stolen = `Derive([("out","/nix/store/${FIXED_OUTPUT}","","")],[],[],"x86_64-linux","/bin/sh",[],[("name","x"),("out","/nix/store/${FIXED_OUTPUT}")])`;
  await assert.rejects(addDerivation(store, stolen), /x/);
  assert.equal((await store.queryAllValidPaths()).size, 0);
});

test("a floating output is known when it was realised", async (t) => {
  const { store } = await makeStore(t);
  const drv = await addDerivation(store, FLOATING);
  assert.deepEqual([...(await store.queryDerivationOutputMap(drv))], [["out", undefined]]);
  const output = fileSample("x", "built");
  await addAll(store, [output]);
  const id = { drvHash: sha256(FLOATING_MASKED), outputName: "out" };
  const realisation = {
    id,
    outPath: output.info.path,
    signatures: ["me:c2ln"],
    dependentRealisations: new Map(),
  };
  await assert.rejects(store.registerRealisation(realisation, { checkSignatures: true }), {
    code: "UNTRUSTED_PATH",
  });
  await store.registerRealisation(realisation);
  assert.equal((await store.queryRealisation(id))!.outPath, output.info.path);
  assert.deepEqual([...(await store.queryDerivationOutputMap(drv))], [["out", output.info.path]]);
  await store.registerRealisation({ ...realisation, signatures: ["you:c2ln"] }, { checkSignatures: false });
  assert.deepEqual((await store.queryRealisation(id))!.signatures, ["me:c2ln", "you:c2ln"]);
  const other = fileSample("x", "other");
  await addAll(store, [other]);
  await assert.rejects(
    store.registerRealisation({ ...realisation, outPath: other.info.path }, { checkSignatures: false }),
    { code: "REALISATION_CONFLICT" },
  );
});

test("a build log is read as it was written, packed or not", async (t) => {
  for (const compressBuildLog of [true, false]) {
    const { store } = await makeStore(t, { compressBuildLog });
    const drv = await addDerivation(store, FLOATING);
    assert.equal(await store.buildLog(drv), undefined);
    await store.addBuildLog(drv, streamOf("one\n", "two\n".repeat(100_000)));
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await store.buildLog(drv))!) chunks.push(Buffer.from(chunk));
    assert.equal(Buffer.concat(chunks).toString(), `one\n${"two\n".repeat(100_000)}`);
  }
});

async function addDerivation(store: Awaited<ReturnType<typeof makeStore>>["store"], text: string) {
  const content = {
    name: "x.drv",
    method: "text",
    algorithm: "sha256",
    references: [],
    dump: "flat",
  } as const;
  return (await store.addContent({ ...content, data: streamOf(text) })).path;
}

function fixedDerivation(output: string): string {
  return `Derive([("out","/nix/store/${output}","sha256","${"0".repeat(64)}")],[],[],"x86_64-linux","/bin/sh",[],[("name","x"),("out","/nix/store/${output}")])`;
}

/** What sixty-four zeros as a flat SHA-256 and the name x make. */
const FIXED_OUTPUT = "yplc6kklcg6k8aln037jq8jxq5v92wln-x";
const PLACEHOLDER = "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9";
const FLOATING = `Derive([("out","","r:sha256","")],[],[],"x86_64-linux","/bin/sh",[],[("name","x"),("out","${PLACEHOLDER}")])`;
/** With the output's own place masked, which is how its realisations are known. */
const FLOATING_MASKED = FLOATING.replace(PLACEHOLDER, "");
