import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { makeUserFolders } from "#store/local/user-folders.ts";
import { makeFolder } from "./local-rig.ts";

const uid = process.getuid!();

test("a user of a daemon has folders for profiles and roots, where there are any", (t) => {
  const stateDir = makeFolder(t);
  makeUserFolders(stateDir, { uid, name: "alice" });
  assert.deepEqual(readdirSync(stateDir), [], "it is no store's");
  for (const kind of ["profiles", "gcroots"]) mkdirSync(`${stateDir}/${kind}/per-user`, { recursive: true });
  for (const time of [1, 2]) {
    makeUserFolders(stateDir, { uid, name: "alice" });
    const { mode, uid: owner } = statSync(`${stateDir}/gcroots/per-user/alice`);
    assert.deepEqual([mode & 0o777, owner], [0o755, uid], `time ${time}`);
  }
  assert.ok(existsSync(`${stateDir}/profiles/per-user/alice`));
});

test("a name that is none makes nothing", (t) => {
  const stateDir = makeFolder(t);
  mkdirSync(`${stateDir}/profiles/per-user`, { recursive: true });
  for (const name of ["../escaped", "", ".", "a/b"]) makeUserFolders(stateDir, { uid, name });
  assert.deepEqual(readdirSync(`${stateDir}/profiles`), ["per-user"]);
  assert.deepEqual(readdirSync(`${stateDir}/profiles/per-user`), []);
});
