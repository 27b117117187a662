import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseStorePath } from "#nix/store-path.ts";
import { NIX_SUITES, NixRoot, withoutNix } from "#rig/nix-root.ts";
import { listenForRoots } from "#store/local/garbage/gc-socket.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { lock } from "#store/local/lock/flock.ts";
import { openLocalStore } from "#store/local/open.ts";
import { addAll, chainOf, makeStore, streamOf } from "./local-rig.ts";

for (const suite of NIX_SUITES) {
  const skip = withoutNix(suite);

  test(`Nix of ${suite} finds what we wrote whole, and sees the same references`, { skip }, async (t) => {
    using within = new NixRoot(suite, "local-store");
    const { store, root } = await makeStore(t);
    const samples = chainOf(20, { fan: 2 });
    await addAll(store, samples);
    await addNotes(store);
    await store.optimise();
    const last = samples.at(-1)!.info.path;
    const said = await nix(within, ["nix-store", "--store", root, "--verify", "--check-contents"]);
    assert.doesNotMatch(said, /error|modified|disappeared|mismatch/);
    const printed = (await store.queryClosure([last])).map(({ path }) => `${store.storeDir}/${path}`);
    const listed = await nix(within, ["nix-store", "--store", root, "-qR", printed.at(-1)!]);
    assert.deepEqual(listed.split("\n").sort(), printed.sort());
  });

  test(`what Nix of ${suite} wrote is whole to us, and what we add is what it adds`, { skip }, async (t) => {
    using within = new NixRoot(suite, "local-store");
    const { store, root } = await makeStore(t);
    const file = `${root}/a-file`;
    writeFileSync(file, "some contents\n");
    const added = await lastLine(nix(within, ["nix-store", "--store", root, "--add", file]));
    const expression = `derivation { name = "d"; system = "x86_64-linux"; builder = "/bin/sh"; src = builtins.toFile "t" "text"; }`;
    const drv = await lastLine(nix(within, ["nix-instantiate", "--store", root, "-E", expression]));
    assert.equal(await store.verify({ checkContents: true, repair: false }), false);
    const valid = [...(await store.queryAllValidPaths())].map((path) => `${store.storeDir}/${path}`);
    for (const path of [added, drv]) assert.ok(valid.includes(path), path);
    const { store: other } = await makeStore(t);
    const ours = await other.addContent({
      name: "a-file",
      method: "nar",
      algorithm: "sha256",
      references: [],
      dump: "nar",
      data: store.narFromPath(parseStorePath(store.storeDir, added)),
    });
    assert.equal(`${other.storeDir}/${ours.path}`, added);
  });

  test(`the collector of ${suite} keeps what we are working on`, { skip }, async (t) => {
    using within = new NixRoot(suite, "local-store");
    const { store, root } = await makeStore(t);
    const [wanted, garbage] = [chainOf(4, { seed: "wanted" }), chainOf(4, { seed: "garbage" })];
    // Another process's temporary roots ended with it.
    const first = await openLocalStore({ root });
    await addAll(first, [...wanted, ...garbage]);
    await first[Symbol.asyncDispose]();
    await store.addTempRoot(wanted.at(-1)!.info.path);
    const scratch = await store.outputs.scratchPlace();
    writeFileSync(scratch, "half-made");
    await nix(within, ["nix-store", "--store", root, "--gc"]);
    assert.deepEqual(
      [...(await store.queryAllValidPaths())].sort(),
      wanted.map(({ info }) => info.path).sort(),
    );
    assert.ok(existsSync(scratch), "our scratch area was left alone");
  });

  test(`Nix of ${suite} adds paths while our collector runs, and tells it`, { skip }, async (t) => {
    using within = new NixRoot(suite, "local-store");
    const { store, root } = await makeStore(t);
    const told: string[] = [];
    const held = await lock(`${store.stateDir}/gc.lock`, "exclusive");
    const collector = await listenForRoots(store.stateDir, (path) => told.push(path));
    writeFileSync(`${root}/a-file`, "new");
    const added = await lastLine(nix(within, ["nix-store", "--store", root, "--add", `${root}/a-file`]));
    await collector[Symbol.asyncDispose]();
    held.release();
    assert.ok(told.includes(added), told.join());
  });

  test(`logs of ${suite} and ours are read by the other`, { skip }, async (t) => {
    using within = new NixRoot(suite, "local-store");
    const { store, root } = await makeStore(t);
    const expression = `derivation { name = "d"; system = "x86_64-linux"; builder = "/bin/sh"; }`;
    const drv = await lastLine(nix(within, ["nix-instantiate", "--store", root, "-E", expression]));
    await store.addBuildLog(parseStorePath(store.storeDir, drv), streamOf("hello ", "log\n"));
    assert.equal(await lastLine(nix(within, ["nix-store", "--store", root, "--read-log", drv])), "hello log");
  });
}

async function addNotes(store: LocalStore): Promise<void> {
  for (const method of ["text", "flat", "nar"] as const)
    await store.addContent({
      name: `note-${method}`,
      method,
      algorithm: "sha256",
      references: [],
      dump: "flat",
      data: streamOf("a note"),
    });
}

async function nix(within: NixRoot, command: string[]): Promise<string> {
  return await within.run(["sh", "-c", 'exec "$@" 2>&1', "sh", ...command]);
}

/** What a command printed last: warnings come before. */
async function lastLine(output: Promise<string>): Promise<string> {
  return (await output).split("\n").at(-1)!;
}
