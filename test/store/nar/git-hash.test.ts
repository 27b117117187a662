import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { formatDigest } from "#nix/hash.ts";
import { gitHash } from "#store/nar/git-hash.ts";

test("a tree has the hash that git gives it", async (t) => {
  const folder = treeIn(t);
  // As `git write-tree` says it.
  assert.equal(formatDigest(await gitHash(folder, "sha1"), "base16"), TREE_SHA1);
});

for (const algorithm of ["sha1", "sha256"] as const)
  test(`git itself agrees, with ${algorithm}`, { skip: withoutGit() }, async (t) => {
    const folder = treeIn(t);
    const repository = scratch(t);
    const git = (...words: string[]) =>
      execFileSync("git", [`--git-dir=${repository}`, `--work-tree=${folder}`, ...words], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: repository },
      }).trim();
    execFileSync("git", ["init", "--quiet", "--bare", `--object-format=${algorithm}`, repository]);
    git("add", "--all", "--force");
    assert.equal(formatDigest(await gitHash(folder, algorithm), "base16"), git("write-tree"));
  });

test("git has no other hashes", async (t) => {
  await assert.rejects(gitHash(treeIn(t), "sha512"), { code: "UNSUPPORTED_METHOD" });
});

/** With names that git sorts in its own way, modes, a link and a file of several chunks. */
function treeIn(t: TestContext): string {
  const folder = scratch(t);
  mkdirSync(join(folder, "a/deep/er"), { recursive: true });
  writeFileSync(join(folder, "a.txt"), "before the folder a\n");
  writeFileSync(join(folder, "a/deep/er/file"), Buffer.alloc(600_000, "x"));
  writeFileSync(join(folder, "run"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(folder, "empty"), "");
  symlinkSync("./nowhere/at all", join(folder, "link"));
  return folder;
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-git-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function withoutGit(): string | false {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return "git is not installed";
  }
}

const TREE_SHA1 = "a964e5a6d4eba43ca8a33b78f8952b45713cdfbd";
