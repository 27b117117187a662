import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { StorePath } from "#nix/store-path.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { openLocalStore } from "#store/local/open.ts";
import type { LocalStoreOptions } from "#store/local/settings.ts";
import { addAll, chainOf, fileSample, makeFolder, makeStore, type Sample, streamOf } from "./local-rig.ts";

test("what no root keeps is deleted, and what one keeps stays with all that it needs", async (t) => {
  const { store, root } = await storeWithChains(t);
  const { kept, garbage } = store.samples;
  await store.it.addPermanentRoot(kept.at(-1)!.info.path, `${root}/result`);
  const dead = await store.it.collectGarbage({ action: "return-dead" });
  assert.deepEqual([...dead.paths].sort(), printed(store.it, garbage));
  const live = await store.it.collectGarbage({ action: "return-live" });
  assert.deepEqual([...live.paths].sort(), printed(store.it, kept));
  const { paths, bytesFreed } = await store.it.collectGarbage({ action: "delete-dead" });
  assert.deepEqual([...paths].sort(), printed(store.it, garbage));
  assert.ok(bytesFreed > 0);
  assert.deepEqual([...(await store.it.queryAllValidPaths())].sort(), pathsOf(kept).sort());
  for (const path of pathsOf(garbage)) assert.ok(!existsSync(store.it.realPathOf(path)));
  assert.equal(await store.it.verify({ checkContents: true, repair: false }), false);
});

test("nothing but what is kept lies in the store after a collection, and the store goes on", async (t) => {
  const { store } = await storeWithChains(t);
  await store.it.collectGarbage({ action: "delete-dead" });
  assert.deepEqual(readdirSync(store.it.physicalStoreDir), [".links"]);
  const again = fileSample("again", "again");
  await addAll(store.it, [again]);
  await store.it.collectGarbage({ action: "delete-dead" });
  assert.deepEqual(readdirSync(store.it.physicalStoreDir), [".links", again.info.path], "it is new");
});

test("an out-link that is removed keeps nothing, and its stale entry goes", async (t) => {
  const { store, root } = await storeWithChains(t);
  const { kept } = store.samples;
  await store.it.addPermanentRoot(kept.at(-1)!.info.path, `${root}/result`);
  assert.deepEqual([...(await rootsOnDisk(store.it)).keys()], [`${root}/result`]);
  rmSync(`${root}/result`);
  assert.equal((await rootsOnDisk(store.it)).size, 0);
  assert.deepEqual(readdirSync(`${store.it.stateDir}/gcroots/auto`), []);
});

test("links in gcroots and profiles are roots, and a link to a deleted path is none", async (t) => {
  const { store } = await storeWithChains(t);
  const { kept } = store.samples;
  const target = store.it.storeDir;
  mkdirSync(`${store.it.stateDir}/profiles/per-user/alice`, { recursive: true });
  symlinkSync(`${target}/${kept[0]!.info.path}`, `${store.it.stateDir}/profiles/per-user/alice/p-1-link`);
  symlinkSync(`${target}/${kept[1]!.info.path}/bin/tool`, `${store.it.stateDir}/gcroots/mine`);
  symlinkSync(`${target}/${fileSample("gone", "").info.path}`, `${store.it.stateDir}/gcroots/gone`);
  writeFileSync(`${store.it.stateDir}/gcroots/${kept[2]!.info.path}`, "");
  assert.deepEqual(new Set((await rootsOnDisk(store.it)).values()), new Set(pathsOf(kept.slice(0, 3))));
});

test("a root is not made in the store, nor in the place of a file", async (t) => {
  const { store, root } = await storeWithChains(t);
  const path = store.samples.kept[0]!.info.path;
  await assert.rejects(store.it.addPermanentRoot(path, `${store.it.physicalStoreDir}/result`), {
    code: "ROOT_IN_STORE",
  });
  writeFileSync(`${root}/result`, "mine");
  await assert.rejects(store.it.addPermanentRoot(path, `${root}/result`), { code: "ROOT_EXISTS" });
});

test("a root where no folder can be made is refused, and does not hang", async (t) => {
  const { store } = await storeWithChains(t);
  const path = store.samples.kept[0]!.info.path;
  await assert.rejects(store.it.addPermanentRoot(path, "/proc/nowhere/result"), { code: "CANNOT_MAKE" });
});

test("temporary roots keep paths while the store is open", async (t) => {
  const { store, root } = await storeWithChains(t);
  const { kept, garbage } = store.samples;
  await store.it.addTempRoot(garbage.at(-1)!.info.path);
  const { paths } = await store.it.collectGarbage({ action: "delete-dead" });
  assert.deepEqual([...paths].sort(), printed(store.it, kept));
  await store.it[Symbol.asyncDispose]();
  const again = await openLocalStore({ root });
  t.after(() => again[Symbol.asyncDispose]());
  const rest = await again.collectGarbage({ action: "delete-dead" });
  assert.deepEqual([...rest.paths].sort(), printed(again, garbage));
});

test("collecting stops when enough is freed", async (t) => {
  const { store } = await storeWithChains(t);
  const { paths, bytesFreed } = await store.it.collectGarbage({ action: "delete-dead", bytesMax: 100 });
  assert.ok(bytesFreed > 100 && paths.length < 15, `${bytesFreed} bytes of ${paths.length} paths`);
  assert.equal(await store.it.verify({ checkContents: true, repair: false }), false);
});

test("deleting by name refuses what is alive and takes what is dead", async (t) => {
  const { store, root } = await storeWithChains(t);
  const { kept, garbage } = store.samples;
  symlinkSync(store.it.realPathOf(kept.at(-1)!.info.path), `${root}/result`);
  await store.it.addIndirectRoot(`${root}/result`);
  const remove = (samples: readonly Sample[], ignoreLiveness = false) =>
    store.it.collectGarbage({ action: "delete-specific", paths: pathsOf(samples), ignoreLiveness });
  await assert.rejects(remove([kept[0]!]), { code: "STILL_ALIVE" });
  await assert.rejects(remove([garbage[0]!]), { code: "STILL_ALIVE" }, "others refer to it");
  assert.deepEqual((await remove([garbage.at(-1)!])).paths, printed(store.it, [garbage.at(-1)!]));
  assert.deepEqual((await remove([kept.at(-1)!], true)).paths, printed(store.it, [kept.at(-1)!]));
  assert.equal(await store.it.verify({ checkContents: true, repair: false }), false);
});

test("leftovers of killed builds are deleted, but not those of a path with a temporary root", async (t) => {
  const { store } = await storeWithChains(t);
  const [dead, wanted] = [fileSample("dead", "1").info.path, fileSample("wanted", "2").info.path];
  for (const path of [dead, wanted]) mkdirSync(`${store.it.realPathOf(path)}/half`, { recursive: true });
  writeFileSync(`${store.it.realPathOf(dead)}.lock`, "");
  mkdirSync(`${store.it.physicalStoreDir}/tmp-1234-0`);
  await store.it.addTempRoot(wanted);
  await store.it.collectGarbage({ action: "delete-dead" });
  const left = readdirSync(store.it.physicalStoreDir).filter((name) => !name.includes("scratch"));
  assert.deepEqual(left.sort(), [".links", wanted]);
});

test("a derivation lives with its output, and an output with its derivation only where that is wanted", async (t) => {
  const of = async (options: LocalStoreOptions, root: "drv" | "output") => {
    const { store, drv, output } = await storeWithDerivation(t, options);
    await store.addPermanentRoot(root === "drv" ? drv : output, `${store.stateDir}/result`);
    await store.collectGarbage({ action: "delete-dead" });
    const valid = await store.queryAllValidPaths();
    return { drv: valid.has(drv), output: valid.has(output) };
  };
  assert.deepEqual(await of({ keepDerivations: true }, "output"), { drv: true, output: true });
  assert.deepEqual(await of({ keepDerivations: false }, "output"), { drv: false, output: true });
  assert.deepEqual(await of({ keepOutputs: false }, "drv"), { drv: true, output: false });
  assert.deepEqual(await of({ keepOutputs: true }, "drv"), { drv: true, output: true });
});

test("what a running process has open is kept, and named by the process unless that is censored", async (t) => {
  const { store } = await storeWithChains(t);
  const path = store.samples.garbage[0]!.info.path;
  process.env.ELSEWHERE_TEST_ROOT = `${store.it.storeDir}/${path}`;
  const { spawn } = await import("node:child_process");
  const child = spawn("sleep", ["60"]);
  t.after(() => child.kill());
  const roots = await store.it.findRoots();
  const holders = [...roots].filter(([, kept]) => kept === path).map(([name]) => name);
  assert.ok(holders.includes(`{/proc/${child.pid}/environ}`), holders.join());
  const censored = await store.it.findRoots({ censor: true });
  assert.ok([...censored.keys()].every((name) => !name.includes("/proc/")));
  const { paths } = await store.it.collectGarbage({ action: "return-dead" });
  assert.ok(!paths.includes(`${store.it.storeDir}/${path}`));
  delete process.env.ELSEWHERE_TEST_ROOT;
});

/** Two chains of ten, added by a process that has ended: nothing keeps them. */
async function storeWithChains(t: TestContext) {
  const root = makeFolder(t);
  const samples = { kept: chainOf(10, { seed: "kept" }), garbage: chainOf(10, { seed: "garbage" }) };
  const first = await openLocalStore({ root });
  await addAll(first, [...samples.kept, ...samples.garbage]);
  await first[Symbol.asyncDispose]();
  const { store } = await makeStore(t, { root });
  return { root, store: { it: store, samples } };
}

async function storeWithDerivation(t: TestContext, options: LocalStoreOptions) {
  const root = makeFolder(t);
  const first = await openLocalStore({ root });
  const text = `Derive([("out","","r:sha256","")],[],[],"x86_64-linux","/bin/sh",[],[("name","x"),("out","/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9")])`;
  const drv = await first.addContent({
    name: "x.drv",
    method: "text",
    algorithm: "sha256",
    references: [],
    dump: "flat",
    data: streamOf(text),
  });
  const { info, nar } = fileSample("x", "built");
  await addAll(first, [{ info: { ...info, deriver: drv.path }, nar }]);
  await first[Symbol.asyncDispose]();
  const { store } = await makeStore(t, { ...options, root });
  return { store, drv: drv.path, output: info.path };
}

async function rootsOnDisk(store: LocalStore): Promise<Map<string, StorePath>> {
  return new Map([...(await store.findRoots())].filter(([name]) => !name.startsWith("{")));
}

function pathsOf(samples: readonly Sample[]): StorePath[] {
  return samples.map(({ info }) => info.path);
}

function printed(store: LocalStore, samples: readonly Sample[]): string[] {
  return pathsOf(samples)
    .map((path) => `${store.storeDir}/${path}`)
    .sort();
}
