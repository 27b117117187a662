import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { sha256 } from "#nix/hash.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { openLocalStore } from "#store/local/open.ts";
import { addAll, fileSample, folderSample, makeFolder, makeStore, narOfFile } from "./local-rig.ts";

test("equal files become one, named by the hash of their NAR, and nothing else changes", async (t) => {
  const { store } = await makeStore(t);
  const samples = [fileSample("a", "same"), fileSample("b", "same"), folderSample("c", "same")];
  await addAll(store, samples);
  await store.optimise();
  const [a, b, c] = samples.map(({ info }) => store.realPathOf(info.path)) as [string, string, string];
  const link = `${store.physicalStoreDir}/.links/${encodeNix32(sha256(narOfFile("same")).digest)}`;
  const inode = lstatSync(link).ino;
  for (const file of [a, b, `${c}/notes`]) assert.equal(lstatSync(file).ino, inode);
  assert.notEqual(lstatSync(`${c}/bin/tool`).ino, inode, "an executable is another file");
  for (const folder of [c, `${c}/bin`])
    assert.deepEqual([lstatSync(folder).mode & 0o777, lstatSync(folder).mtimeMs], [0o555, 1000]);
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
});

test("with auto-optimise files are linked as they come", async (t) => {
  const { store } = await makeStore(t, { autoOptimise: true });
  const samples = [fileSample("a", "same"), fileSample("b", "same")];
  await addAll(store, samples);
  const [a, b] = samples.map(({ info }) => lstatSync(store.realPathOf(info.path)));
  assert.equal(a!.ino, b!.ino);
  assert.equal(a!.nlink, 3);
});

test("a shared file goes with the last path that has it", async (t) => {
  const root = makeFolder(t);
  const first = await openLocalStore({ root, autoOptimise: true });
  await addAll(first, [fileSample("a", "same"), fileSample("b", "same"), fileSample("kept", "other")]);
  await first.addPermanentRoot(fileSample("kept", "other").info.path, `${root}/result`);
  await first[Symbol.asyncDispose]();
  const { store } = await makeStore(t, { root });
  const { bytesFreed } = await store.collectGarbage({ action: "delete-dead" });
  assert.ok(bytesFreed >= 4, `${bytesFreed}`);
  const [link, ...others] = readdirSync(`${store.physicalStoreDir}/.links`);
  assert.deepEqual(others, []);
  assert.equal(readFileSync(`${store.physicalStoreDir}/.links/${link}`, "utf8"), "other");
});
