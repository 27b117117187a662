import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commandTree } from "#cli/command-tree.ts";
import { bashCompletion } from "#cli/completion/bash.ts";
import { fishCompletion } from "#cli/completion/fish.ts";
import { zshCompletion } from "#cli/completion/zsh.ts";
import { contextOf } from "../../scripts/command-pages.ts";
import { manPages } from "../../scripts/man-pages.ts";

const tree = await commandTree(contextOf(() => undefined));

test("bash completes commands, options, and listed values", { skip: without("bash") }, () => {
  const ask = (...words: string[]) => {
    const script = `${bashCompletion(tree)}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _elsewhere; echo "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", script, "bash", "elsewhere", ...words], { encoding: "utf8" }).trim();
  };
  assert.equal(ask("bui"), "build builders");
  assert.equal(ask("nar", "re"), "restore");
  assert.equal(ask("build", "--max-j"), "--max-jobs");
  assert.equal(ask("-v", "build", "x", "--keep-"), "--keep-going --keep-failed");
  assert.equal(ask("completion", ""), "bash zsh fish");
  // What is no command and no option is a file, which bash itself completes.
  assert.equal(ask("build", "x"), "");
  assert.equal(ask("build", "--file", "--"), "");
});

test("fish completes the same, with what it is for", { skip: without("fish") }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-fish-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "c.fish"), fishCompletion(tree));
  const ask = (line: string) =>
    execFileSync("fish", ["-N", "-c", `source ${folder}/c.fish; complete -C ${JSON.stringify(line)}`], {
      encoding: "utf8",
      env: { ...process.env, HOME: folder },
    })
      .trim()
      .split("\n")
      .map((found) => found.split("\t")[0]);
  assert.deepEqual(ask("elsewhere bui"), ["build", "builders"]);
  assert.deepEqual(ask("elsewhere nar re"), ["restore"]);
  assert.deepEqual(ask("elsewhere build --max-j"), ["--max-jobs"]);
  assert.deepEqual(ask("elsewhere completion "), ["bash", "fish", "zsh"]);
});

test("zsh reads its completions", { skip: without("zsh") }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-zsh-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "c.zsh"), zshCompletion(tree));
  const script = `autoload -Uz compinit; compinit -D -u; . ${folder}/c.zsh; echo $_comps[elsewhere]; whence -w _elsewhere_build`;
  const { stdout, stderr } = spawnSync("zsh", ["-f", "-c", script], { encoding: "utf8" });
  assert.equal(stdout, "_elsewhere\n_elsewhere_build: function\n", stderr);
});

test("every command has a manual page that mandoc reads without a word", {
  skip: without("mandoc"),
}, async () => {
  const pages = await manPages();
  assert.ok(pages.has("elsewhere.1") && pages.has("elsewhere-build.1"));
  for (const [name, text] of pages) {
    const { stdout, status } = spawnSync("mandoc", ["-Tlint", "-W", "error"], {
      input: text,
      encoding: "utf8",
    });
    assert.equal(status, 0, `${name}: ${stdout}`);
  }
});

/** Why a program's test is skipped. */
function without(program: string): string | false {
  return spawnSync(program, ["-c", "true"], { stdio: "ignore", input: "" }).error
    ? `${program} is not installed`
    : false;
}
