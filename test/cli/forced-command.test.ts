import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const PROGRAM = join(import.meta.dirname, "../../bin/elsewhere");

for (const asked of [
  "nix-daemon --stdio --store FOLDER/mine?real=FOLDER/home",
  "nix-daemon --stdio --store local?store=FOLDER/home",
  "nix-store --serve --write --store 'local?real=FOLDER/home&state=FOLDER/state'",
  "elsewhere serve --stdio --store ssh-ng://other?remote-program=touch%20FOLDER/ran",
  "elsewhere serve --stdio --store=ssh://-oProxyCommand=id",
  "elsewhere serve --stdio --any-store --store FOLDER/mine",
  "elsewhere serve --stdio --force-trusted",
  "nix-daemon --stdio --option trusted-users *",
  "nix-daemon --stdio $(touch FOLDER/ran)",
])
  test(`a key for one store does not get 'SSH_ORIGINAL_COMMAND=${asked}'`, (t) => {
    const folder = makeFolder(t);
    for (const line of [[], ["--force-untrusted"], ["--store", join(folder, "given")]]) {
      const { status, stdout, stderr } = serve(folder, asked, line);
      assert.notEqual(status, 0);
      assert.equal(stdout, "");
      assert.match(stderr, /Cannot (serve|run)/);
      assert.deepEqual(readdirSync(folder), [], "nothing was made");
    }
  });

test("a key whose line names a store gives no other", (t) => {
  const folder = makeFolder(t);
  const { status, stderr } = serve(folder, "nix-daemon --stdio --store FOLDER/mine", [
    "--store",
    join(folder, "given"),
  ]);
  assert.notEqual(status, 0);
  assert.match(stderr, /Cannot serve the store/);
  assert.deepEqual(readdirSync(folder), []);
});

test("a key whose line names none serves the folder that the client names", (t) => {
  const folder = makeFolder(t);
  const { status, stderr } = serve(
    folder,
    "nix-store --serve --write --store FOLDER/mine?system-features=foo",
    [],
  );
  assert.doesNotMatch(stderr, /Cannot serve the store/);
  assert.equal(existsSync(join(folder, "mine")), true, `${status} ${stderr}`);
});

test("a key whose line says so lets the client choose", (t) => {
  const folder = makeFolder(t);
  const { status, stderr } = serve(folder, "nix-daemon --stdio --store FOLDER/mine", ["--any-store"]);
  assert.doesNotMatch(stderr, /Cannot serve the store/);
  assert.equal(existsSync(join(folder, "mine")), true, `${status} ${stderr}`);
});

function serve(folder: string, asked: string, line: readonly string[]) {
  return spawnSync(PROGRAM, ["serve", ...line], {
    env: {
      PATH: process.env.PATH,
      HOME: "/nowhere",
      SSH_ORIGINAL_COMMAND: asked.replaceAll("FOLDER", folder),
    },
    input: "",
    encoding: "utf8",
  });
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-forced-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
