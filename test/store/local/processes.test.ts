import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NIX_SUITES, NixRoot, withoutNix } from "#rig/nix-root.ts";
import { openLocalStore } from "#store/local/open.ts";
import { addAll, chainOf, makeFolder } from "./local-rig.ts";

test("several processes add overlapping closures to a new store at once", async (t) => {
  const root = makeFolder(t);
  const workers = ["60", "80", "100", "100"].map((count) => work(t, [root, "add", "shared", count]));
  for (const worker of workers) assert.equal(await exitOf(worker), 0);
  await assertWhole(root, chainOf(100, { seed: "shared", fan: 3 }).length);
});

test("paths are added while others are collected", async (t) => {
  const root = makeFolder(t);
  const collector = work(t, [root, "collect", "", "", "forever"]);
  const adders = ["a", "b"].map((seed) => work(t, [root, "add", seed, "120"]));
  for (const adder of adders) assert.equal(await exitOf(adder), 0);
  assert.equal(collector.exitCode, null, "the collector went on");
  collector.kill("SIGKILL");
  await exitOf(collector);
  await assertWhole(root);
});

test("killed at any moment, a store stays whole and the next run finishes the work", async (t) => {
  const root = makeFolder(t);
  for (let round = 0; round < KILLS; round++) {
    const adder = work(t, [root, "add", `round ${round % 3}`, "150", "forever"]);
    const collector = work(t, [root, "collect", "", "", "forever"]);
    await Promise.all([started(adder), started(collector)]);
    // Where in its work each is struck is left to chance: that is the point.
    await setTimeout(Math.random() * KILL_WITHIN_MS);
    adder.kill("SIGKILL");
    collector.kill("SIGKILL");
    await Promise.all([exitOf(adder), exitOf(collector)]);
    await assertWhole(root);
  }
  await assertWholeToNix(root);
  await using store = await openLocalStore({ root });
  const samples = chainOf(150, { seed: "round 0", fan: 3 });
  await addAll(store, samples);
  assert.equal(
    (await store.queryClosure([samples.at(-1)!.info.path])).length,
    new Set(samples.map((s) => s.info.path)).size,
  );
  await store.collectGarbage({ action: "delete-dead" });
  const left = readdirSync(store.physicalStoreDir).filter((name) => !name.startsWith("."));
  assert.equal(left.length, (await store.queryAllValidPaths()).size, "only valid paths");
  assert.equal(await store.verify({ checkContents: true, repair: false }), false);
});

function work(t: TestContext, args: string[]): ChildProcess {
  const worker = spawn(process.execPath, [WORKER, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => worker.kill("SIGKILL"));
  return worker;
}

async function started(worker: ChildProcess): Promise<void> {
  await once(worker.stdout!, "data");
}

async function exitOf(worker: ChildProcess): Promise<number | null> {
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, "exit");
  return worker.exitCode;
}

/** Everything that is valid is there and unchanged. */
async function assertWhole(root: string, count?: number): Promise<void> {
  const said: string[] = [];
  await using store = await openLocalStore({ root, report: (text) => said.push(text) });
  assert.equal(await store.verify({ checkContents: true, repair: false }), false, said.join("\n"));
  assert.deepEqual(said, []);
  const all = await store.queryAllValidPaths();
  if (count !== undefined) assert.equal(all.size, count);
  assert.equal((await store.queryClosure(all)).length, all.size);
}

/** As real Nix sees it, where it is at hand. */
async function assertWholeToNix(root: string): Promise<void> {
  for (const suite of NIX_SUITES) {
    if (withoutNix(suite)) continue;
    using nix = new NixRoot(suite, "local-killed");
    const verify = ["nix-store", "--store", root, "--verify", "--check-contents"];
    const said = await nix.run(["sh", "-c", 'exec "$@" 2>&1', "sh", ...verify]);
    assert.doesNotMatch(said, /error|modified|disappeared|mismatch/);
  }
}

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));
const KILLS = Number(process.env.ELSEWHERE_KILLS ?? 5);
const KILL_WITHIN_MS = 400;
