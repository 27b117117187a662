import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { makeContentAddressedPath } from "#nix/content-address.ts";
import { parseStoreDir } from "#nix/store-path.ts";
import { addAll, chainOf, fileSample, makeStore, makeWritable, type Sample } from "./local-rig.ts";

test("a changed file is found, reported, and mended from a substituter", async (t) => {
  const { store: healthy } = await makeStore(t);
  const said: string[] = [];
  const { store } = await makeStore(t, { substituters: [healthy], report: (text) => said.push(text) });
  const samples = chainOf(4);
  await addAll(healthy, samples);
  await addAll(store, samples);
  const place = store.realPathOf(samples[2]!.info.path);
  makeWritable(place);
  writeFileSync(place, "tampered");
  assert.equal(await store.verify({ checkContents: false, repair: false }), false);
  assert.equal(await store.verify({ checkContents: true, repair: false }), true);
  assert.match(said.join("\n"), new RegExp(`${samples[2]!.info.path}' was modified! expected hash`));
  assert.equal(await store.verify({ checkContents: true, repair: true }), false);
  assert.notEqual(readFileSync(place, "utf8"), "tampered");
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
});

test("a lost path that nothing needs is forgotten, and one that is needed is an error", async (t) => {
  const said: string[] = [];
  const { store } = await makeStore(t, { report: (text) => said.push(text) });
  const [first, second] = chainOf(2) as [Sample, Sample];
  await addAll(store, [first, second]);
  rmSync(store.realPathOf(first.info.path));
  assert.equal(await store.verify({ checkContents: false, repair: false }), true);
  assert.match(said.join("\n"), /disappeared, but it still has valid referrers/);
  rmSync(store.realPathOf(second.info.path));
  assert.equal(await store.verify({ checkContents: false, repair: false }), false);
  assert.equal((await store.queryAllValidPaths()).size, 0);
});

test("a damaged shared file is found by its name", async (t) => {
  const { store } = await makeStore(t, { autoOptimise: true });
  const { info, nar } = fileSample("a", "same");
  await addAll(store, [{ info, nar }]);
  makeWritable(store.realPathOf(info.path));
  writeFileSync(store.realPathOf(info.path), "bad!");
  assert.equal(await store.verify({ checkContents: true, repair: false }), true);
});

test("missing paths are substituted with all that they need, where signatures allow", async (t) => {
  const { store: cache } = await makeStore(t);
  const samples = chainOf(5);
  await addAll(cache, samples);
  const last = samples.at(-1)!.info.path;
  const strict = (await makeStore(t, { substituters: [cache] })).store;
  assert.deepEqual([...(await strict.querySubstitutablePaths([last]))], [last]);
  assert.equal((await strict.queryValidPaths([last], { substitute: true })).size, 0);
  const lenient = (await makeStore(t, { substituters: [cache], requireSigs: false })).store;
  assert.equal((await lenient.queryValidPaths([last])).size, 0);
  assert.equal((await lenient.queryValidPaths([last], { substitute: true })).size, 1);
  assert.equal((await lenient.queryClosure([last])).length, 5);
});

test("what contents address is substituted from a store with another store directory", async (t) => {
  const { store: cache } = await makeStore(t, { storeDir: parseStoreDir("/elsewhere/store") });
  const file = (data: string) => ({
    ...({ name: "file", method: "flat", algorithm: "sha256", references: [], dump: "flat" } as const),
    data: one(Buffer.from(data)),
  });
  const { contentAddress } = await cache.addContent(file("contents"));
  const { store } = await makeStore(t, { substituters: [cache] });
  const path = makeContentAddressedPath(store.storeDir, "file", contentAddress!);
  assert.equal((await store.substitute([path])).taken.size, 0, "nobody knows what to look for");
  const addresses = new Map([[path, contentAddress!]]);
  assert.equal((await store.querySubstitutable([path], { addresses })).get(path)?.info.path, path);
  assert.deepEqual([...(await store.substitute([path], { addresses })).taken.keys()], [path]);
  assert.equal(readFileSync(store.realPathOf(path), "utf8"), "contents");
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
});

async function* one(chunk: Uint8Array) {
  yield chunk;
}
