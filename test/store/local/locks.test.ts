import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { test } from "node:test";
import { gcSocketPath, listenForRoots } from "#store/local/garbage/gc-socket.ts";
import { readTempRoots, TempRoots } from "#store/local/garbage/temp-roots.ts";
import { lock, tryLock } from "#store/local/lock/flock.ts";
import { openLocalStore } from "#store/local/open.ts";
import { addAll, fileSample, makeFolder, makeStore } from "./local-rig.ts";

test("a locked path cannot be locked again until it is released, and the lock file goes", async (t) => {
  const { store } = await makeStore(t);
  const path = fileSample("a", "a").info.path;
  const first = await store.outputs.lock([path]);
  assert.ok(existsSync(`${store.realPathOf(path)}.lock`));
  assert.equal(await store.outputs.lock([path], { wait: false }), undefined);
  const second = store.outputs.lock([path]);
  first!.release();
  (await second)!.release();
  assert.ok(!existsSync(`${store.realPathOf(path)}.lock`));
});

test("waiting for a lock ends when it is aborted", async (t) => {
  const file = `${makeFolder(t)}/lock`;
  const held = tryLock(file, "exclusive")!;
  const waiting = lock(file, "exclusive", AbortSignal.timeout(50));
  await assert.rejects(waiting);
  held.release();
  assert.ok(tryLock(file, "shared"));
});

test("a lock that another process holds is respected, and its death frees it", async (t) => {
  const file = `${makeFolder(t)}/lock`;
  const holder = spawn("flock", [file, "-c", "echo locked; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  await once(holder.stdout, "data");
  assert.equal(tryLock(file, "exclusive"), undefined);
  // What flock started holds the lock too: the whole group goes.
  process.kill(-holder.pid!, "SIGKILL");
  (await lock(file, "exclusive")).release();
});

test("only what is not valid can be deleted as a leftover", async (t) => {
  const { store } = await makeStore(t);
  const [valid, leftover] = [fileSample("valid", "v"), fileSample("leftover", "l")];
  await addAll(store, [valid]);
  mkdirSync(store.realPathOf(leftover.info.path));
  await store.outputs.deleteInvalid([leftover.info.path]);
  assert.ok(!existsSync(store.realPathOf(leftover.info.path)));
  await assert.rejects(store.outputs.deleteInvalid([valid.info.path]), { code: "PATH_IS_VALID" });
});

test("temporary roots are in a locked file of this process, each with its terminator", async (t) => {
  const stateDir = makeFolder(t);
  const roots = TempRoots.open(stateDir);
  await roots.add(["/nix/store/a", "/nix/store/b"]);
  const file = `${stateDir}/temproots/${process.pid}`;
  assert.equal(readFileSync(file, "latin1"), "/nix/store/a\0/nix/store/b\0");
  assert.equal(tryLock(file, "exclusive"), undefined);
  assert.deepEqual(readTempRoots(stateDir).get(String(process.pid)), ["/nix/store/a", "/nix/store/b"]);
  roots.close();
  assert.ok(!existsSync(file));
});

test("the temporary roots of a dead process are forgotten", async (t) => {
  const stateDir = makeFolder(t);
  mkdirSync(`${stateDir}/temproots`);
  writeFileSync(`${stateDir}/temproots/4194305`, "/nix/store/a\0");
  assert.equal(readTempRoots(stateDir).size, 0);
  assert.ok(!existsSync(`${stateDir}/temproots/4194305`));
});

test("a running collector is told of a new root before the adding goes on", async (t) => {
  const stateDir = makeFolder(t);
  const told: string[] = [];
  const collector = await listenForRoots(stateDir, (path) => told.push(path));
  const roots = TempRoots.open(stateDir);
  await roots.add(["/nix/store/a"]);
  assert.deepEqual(told, ["/nix/store/a"]);
  await collector[Symbol.asyncDispose]();
  await roots.add(["/nix/store/b"]);
  roots.close();
  assert.deepEqual(told, ["/nix/store/a"]);
});

test("a collector is told in a folder whose name is longer than a socket's may be", async (t) => {
  const stateDir = `${makeFolder(t)}/${"a-long-name/".repeat(12)}state`;
  const told: string[] = [];
  const roots = TempRoots.open(stateDir);
  await roots.add(["/nix/store/a"]);
  const collector = await listenForRoots(stateDir, (path) => told.push(path));
  await roots.add(["/nix/store/b"]);
  await collector[Symbol.asyncDispose]();
  await roots.add(["/nix/store/c"]);
  roots.close();
  assert.deepEqual(told, ["/nix/store/b"]);
});

test("the collector answers one byte for each line, however they are cut", async (t) => {
  const stateDir = makeFolder(t);
  const told: string[] = [];
  await using _ = await listenForRoots(stateDir, (path) => told.push(path));
  const client = createConnection(gcSocketPath(stateDir));
  client.write("/nix/sto");
  client.write("re/a\n/nix/store/b\n");
  let answer = "";
  while (answer.length < 2) answer += String((await once(client, "data"))[0]);
  assert.equal(answer, "11");
  assert.deepEqual(told, ["/nix/store/a", "/nix/store/b"]);
  client.destroy();
});

test("a store that may not be written is opened for reading, and says so", async (t) => {
  const { store, root } = await makeStore(t);
  const sample = fileSample("a", "a");
  await addAll(store, [sample]);
  await using reader = await openLocalStore({ root, readOnly: true });
  assert.equal((await reader.queryPathInfos([sample.info.path])).size, 1);
  await assert.rejects(addAll(reader, [sample]), { code: "READ_ONLY_STORE" });
  await assert.rejects(reader.collectGarbage({ action: "return-dead" }), { code: "READ_ONLY_STORE" });
});

test("a database of another schema is refused by its number", async (t) => {
  const root = makeFolder(t);
  mkdirSync(`${root}/nix/var/nix/db`, { recursive: true });
  writeFileSync(`${root}/nix/var/nix/db/schema`, "11");
  await assert.rejects(openLocalStore({ root }), { code: "STORE_SCHEMA", message: /its schema is 11/ });
});
