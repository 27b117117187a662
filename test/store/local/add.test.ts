import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { sha256 } from "#nix/hash.ts";
import { formatPublicKey, makeSecretKey, publicKeyOf } from "#nix/signature.ts";
import { signPathInfo } from "#nix/signature-fingerprint.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import {
  addAll,
  bytesOf,
  chainOf,
  fileSample,
  folderSample,
  incoming,
  makeStore,
  makeWritable,
  type Sample,
  streamOf,
} from "./local-rig.ts";

test("what is added is read back byte for byte, with its information", async (t) => {
  const { store } = await makeStore(t);
  const samples = chainOf(12, { fan: 2 });
  await addAll(store, samples);
  const infos = await store.queryPathInfos(samples.map(({ info }) => info.path));
  for (const { info, nar } of samples) {
    const found = infos.get(info.path)!;
    assert.deepEqual(found.references, info.references);
    assert.deepEqual(found.narHash.digest, info.narHash.digest);
    assert.equal(found.narSize, nar.length);
    assert.ok(found.registrationTime > 0);
    assert.deepEqual(await bytesOf(store.narFromPath(info.path)), nar);
  }
});

test("files in the store are read-only, of the first second of 1970, and keep their executable bit", async (t) => {
  const { store } = await makeStore(t);
  const sample = folderSample("tree", "#!/bin/sh\n");
  await addAll(store, [sample]);
  const place = store.realPathOf(sample.info.path);
  const facts = (path: string) => {
    const { mode, mtimeMs } = lstatSync(path);
    return [(mode & 0o7777).toString(8), mtimeMs];
  };
  assert.deepEqual(facts(place), ["555", 1000]);
  assert.deepEqual(facts(`${place}/bin`), ["555", 1000]);
  assert.deepEqual(facts(`${place}/bin/tool`), ["555", 1000]);
  assert.deepEqual(facts(`${place}/notes`), ["444", 1000]);
  assert.equal(lstatSync(`${place}/link`).mtimeMs, 1000);
  assert.equal(readlinkSync(`${place}/link`), "bin/tool");
});

test("a NAR that is not what its hash says is refused and leaves nothing", async (t) => {
  const { store } = await makeStore(t);
  const good = fileSample("good", "good");
  const forged: Sample = { info: good.info, nar: fileSample("good", "evil").nar };
  await assert.rejects(addAll(store, [forged]), { code: "HASH_MISMATCH" });
  assert.equal((await store.queryAllValidPaths()).size, 0);
  assert.ok(!readdirSync(store.physicalStoreDir).includes(good.info.path));
  assert.deepEqual(scratchContents(store.physicalStoreDir), []);
});

test("a NAR of another size than it says is refused", async (t) => {
  const { store } = await makeStore(t);
  const { info, nar } = fileSample("sized", "four");
  await assert.rejects(addAll(store, [{ info: { ...info, narSize: info.narSize + 8 }, nar }]), {
    code: "SIZE_MISMATCH",
  });
});

test("a path whose reference is missing is refused, and those before it stay", async (t) => {
  const { store } = await makeStore(t);
  const [first, second, third] = chainOf(3) as [Sample, Sample, Sample];
  await assert.rejects(addAll(store, [first, third]), { code: "MISSING_REFERENCE" });
  assert.deepEqual([...(await store.queryAllValidPaths())], [first.info.path]);
  await addAll(store, [first, second, third]);
  assert.equal((await store.queryAllValidPaths()).size, 3);
});

test("what came whole stays when the stream breaks", async (t) => {
  const { store } = await makeStore(t);
  const samples = chainOf(5);
  async function* breaking() {
    yield* incoming(samples.slice(0, 3));
    const { info, nar } = samples[3]!;
    yield { info, nar: broken(nar.subarray(0, 50)) };
  }
  await assert.rejects(store.addPaths(breaking(), { checkSignatures: false }), /the line went dead/);
  const valid = await store.queryAllValidPaths();
  assert.deepEqual(
    samples.map(({ info }) => valid.has(info.path)),
    [true, true, true, false, false],
  );
});

test("a path may refer to itself", async (t) => {
  const { store } = await makeStore(t);
  const { info, nar } = fileSample("narcissus", "me");
  await addAll(store, [{ info: { ...info, references: [info.path] }, nar }]);
  assert.deepEqual((await store.queryClosure([info.path]))[0]!.references, [info.path]);
});

test("without a trusted signature a path is refused, and with one taken", async (t) => {
  const key = makeSecretKey("friend-1", Buffer.alloc(32, 7));
  const stranger = makeSecretKey("stranger-1", Buffer.alloc(32, 8));
  const { store } = await makeStore(t, { trustedPublicKeys: [formatPublicKey(publicKeyOf(key))] });
  const { info, nar } = fileSample("letter", "dear");
  await assert.rejects(store.addPaths(incoming([{ info, nar }])), { code: "UNTRUSTED_PATH" });
  const strange = signPathInfo(DEFAULT_STORE_DIR, info, stranger);
  await assert.rejects(store.addPaths(incoming([{ info: strange, nar }])), { code: "UNTRUSTED_PATH" });
  await store.addPaths(
    incoming([{ info: { ...signPathInfo(DEFAULT_STORE_DIR, info, key), ultimate: true }, nar }]),
  );
  const found = (await store.queryPathInfos([info.path])).get(info.path)!;
  assert.equal(found.signatures.length, 1);
  assert.equal(found.ultimate, false, "an untrusted caller does not say what we built");
});

test("a content address is believed only when the path and the contents follow from it", async (t) => {
  const { store } = await makeStore(t);
  const { store: other } = await makeStore(t);
  const info = await other.addContent({
    name: "note",
    method: "text",
    algorithm: "sha256",
    references: [],
    dump: "flat",
    data: streamOf("a note"),
  });
  const nar = await bytesOf(other.narFromPath(info.path));
  const renamed = fileSample("other", "a note").info.path;
  await assert.rejects(store.addPaths(incoming([{ info: { ...info, path: renamed }, nar }])), {
    code: "UNTRUSTED_PATH",
  });
  await assert.rejects(addAll(store, [{ info: { ...info, path: renamed }, nar }]), {
    code: "CONTENT_ADDRESS",
  });
  const evil = fileSample("note", "another").nar;
  const forged = { ...info, narHash: sha256(evil), narSize: evil.length };
  await assert.rejects(store.addPaths(incoming([{ info: forged, nar: evil }])), { code: "HASH_MISMATCH" });
  // The truth needs no signature.
  await store.addPaths(incoming([{ info, nar }]));
  assert.ok((await store.queryAllValidPaths()).has(info.path));
});

test("contents that are added twice are one path", async (t) => {
  const { store } = await makeStore(t);
  const add = (data: string) =>
    store.addContent({
      name: "twice",
      method: "flat",
      algorithm: "sha512",
      references: [],
      dump: "flat",
      data: streamOf(data),
    });
  const [first, second, third] = [await add("x"), await add("x"), await add("y")];
  assert.equal(first.path, second.path);
  assert.notEqual(first.path, third.path);
  assert.equal(readFileSync(store.realPathOf(first.path), "utf8"), "x");
});

test("a folder is added by its NAR and by any hash", async (t) => {
  const { store } = await makeStore(t);
  const { nar } = folderSample("tree", "x");
  for (const algorithm of ["md5", "sha1", "sha256", "sha512", "blake3"] as const) {
    const content = { name: "tree", method: "nar", algorithm, references: [], dump: "nar" } as const;
    const info = await store.addContent({ ...content, data: streamOf(nar) });
    assert.equal(info.contentAddress!.hash.algorithm, algorithm);
    assert.deepEqual(await bytesOf(store.narFromPath(info.path)), nar);
  }
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
});

test("what a crash left in the place of a path gives way", async (t) => {
  const { store } = await makeStore(t);
  const [file, folder] = [fileSample("file", "f"), folderSample("folder", "d")];
  mkdirSync(`${store.realPathOf(file.info.path)}/half`, { recursive: true });
  writeFileSync(store.realPathOf(folder.info.path), "half");
  await addAll(store, [file, folder]);
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
});

test("repair writes a damaged path again", async (t) => {
  const { store } = await makeStore(t);
  const sample = fileSample("whole", "whole");
  await addAll(store, [sample]);
  const place = store.realPathOf(sample.info.path);
  makeWritable(place);
  writeFileSync(place, "damaged");
  await addAll(store, [sample]);
  assert.equal(readFileSync(place, "utf8"), "damaged", "a valid path is not written again");
  await store.addPaths(incoming([sample]), { repair: true, checkSignatures: false });
  assert.equal(readFileSync(place, "utf8"), "whole");
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
});

test("closing a store leaves no scratch area behind", async (t) => {
  const { store } = await makeStore(t);
  await addAll(store, chainOf(3));
  await store[Symbol.asyncDispose]();
  assert.deepEqual(
    readdirSync(store.physicalStoreDir).filter((name) => name.includes("scratch")),
    [],
  );
  assert.deepEqual(readdirSync(`${store.stateDir}/temproots`), []);
});

async function* broken(start: Uint8Array): AsyncGenerator<Uint8Array> {
  yield start;
  throw new Error("the line went dead");
}

function scratchContents(storeDir: string): string[] {
  return readdirSync(storeDir)
    .filter((name) => name.endsWith("-elsewhere-scratch"))
    .flatMap((name) => readdirSync(`${storeDir}/${name}`));
}
