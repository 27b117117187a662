import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { canonicalise } from "#store/local/canonicalise.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import { fileSample, makeFolder, makeStore } from "./local-rig.ts";

test("a tree gets the modes and times of a store, and loses set-id bits", (t) => {
  const root = `${makeFolder(t)}/tree`;
  mkdirSync(`${root}/deep`, { recursive: true });
  writeFileSync(`${root}/deep/tool`, "x");
  chmodSync(`${root}/deep/tool`, 0o4755);
  writeFileSync(`${root}/notes`, "x");
  chmodSync(`${root}/notes`, 0o606);
  chmodSync(`${root}/deep`, 0o2700);
  symlinkSync("nowhere", `${root}/link`);
  linkSync(`${root}/notes`, `${root}/same`);
  canonicalise(root);
  const modes = ["", "/deep", "/deep/tool", "/notes", "/same"].map((name) => {
    const { mode, mtimeMs } = lstatSync(root + name);
    assert.equal(mtimeMs, 1000, name);
    return (mode & 0o7777).toString(8);
  });
  assert.deepEqual(modes, ["555", "555", "555", "444", "444"]);
  assert.equal(lstatSync(`${root}/link`).mtimeMs, 1000);
});

test("a pipe is refused", (t) => {
  const root = makeFolder(t);
  execFileSync("mkfifo", [`${root}/pipe`]);
  assert.throws(() => canonicalise(root), { code: "UNSUPPORTED_FILE" });
});

test("a file of another user is refused where only the build's own are allowed", (t) => {
  const root = makeFolder(t);
  writeFileSync(`${root}/file`, "x");
  const own = process.getuid!();
  canonicalise(root, { allowedUids: [own, own] });
  assert.throws(() => canonicalise(root, { allowedUids: [own + 1, own + 9] }), { code: "FOREIGN_FILE" });
});

test("what a build left in place is registered with its references, all or nothing", async (t) => {
  const { store } = await makeStore(t);
  const [first, second] = [fileSample("one", "1").info, fileSample("two", "2").info];
  for (const { path } of [first, second]) {
    const place = await store.outputs.scratchPlace();
    writeFileSync(place, path === first.path ? "1" : "2");
    canonicalise(place);
    cpSync(place, store.realPathOf(path), { preserveTimestamps: true });
    canonicalise(store.realPathOf(path));
  }
  const info = { ...second, references: [first.path], ultimate: true };
  await assert.rejects(store.outputs.register([info]), { code: "MISSING_REFERENCE" });
  await store.outputs.register([info, { ...first, ultimate: true }]);
  assert.equal((await store.queryClosure([second.path])).length, 2);
  const { hash } = await hashPath(store.realPathOf(first.path));
  assert.deepEqual(hash.digest, (await store.queryPathInfos([first.path])).get(first.path)!.narHash.digest);
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
  await assert.rejects(store.outputs.register([fileSample("none", "").info]), { code: "MISSING_PATH" });
});
