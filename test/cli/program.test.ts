import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { COMMANDS } from "#cli/command-list.ts";

const main = fileURLToPath(new URL("../../src/main/main.ts", import.meta.url));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function elsewhere(...args: readonly string[]): Promise<Ran> {
  const words = ["--disable-warning=ExperimentalWarning", main, ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, words, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  );
}

test("every command has help with what it does", async () => {
  for (const { name } of COMMANDS) {
    const { code, out } = await elsewhere(name, "--help");
    assert.equal(code, 0, name);
    assert.match(out, new RegExp(`Usage: elsewhere ${name}`));
  }
});

test("the version is that of the package", async () => {
  const { out } = await elsewhere("--version");
  assert.match(out, /^\d+\.\d+\.\d+\n$/);
});

test("wrong usage exits with 2 and says where help is, without a stack", async () => {
  for (const args of [["frob"], ["copy"], ["build", "--no-such-flag"], ["nar", "ls"]]) {
    const { code, err } = await elsewhere(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, /^error: /);
    assert.doesNotMatch(err, /^\s+at /m);
  }
});

const folder = mkdtempSync(join(tmpdir(), "elsewhere-program-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("what the system refuses is told as what could not be done, with a code and the way out", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "no folder");
  mkdirSync(`${folder}.drv`);
  after(() => rmSync(`${folder}.drv`, { recursive: true }));
  const stories: [RegExp, ...string[]][] = [
    [
      /Cannot read '.*': it is a folder \[CANNOT_READ\]\n hint: /,
      "derivation",
      "show",
      `./${relative(".", folder)}.drv`,
    ],
    [/Cannot read '.*': it is a folder \[CANNOT_READ\]/, "nar", "ls", folder],
    [
      /Cannot read '.*': it is a folder \[CANNOT_READ\]/,
      "sign",
      "-k",
      folder,
      "--all",
      "--store",
      join(folder, "s"),
    ],
    [/Cannot read '.*': it is a folder \[CANNOT_READ\]/, "builders", "--builders", `@${folder}`],
    [/Cannot read '.*none': there is no such file \[NO_SUCH_FILE\]/, "nar", "ls", join(folder, "none")],
    [
      /Cannot open '.*\/file\/nix\/.*': not a directory \[ENOTDIR\]\n hint: /,
      "store",
      "ping",
      "--store",
      file,
    ],
  ];
  for (const [expected, ...words] of stories) {
    const { code, err } = await elsewhere(...words);
    assert.equal(code, 1, words.join(" "));
    assert.match(err, expected);
    assert.doesNotMatch(err, /^\s+at /m);
  }
});

test("an error has its code, its hint, and with --debug its stack", async () => {
  const plain = await elsewhere("build", "./no-such.drv", "--store", folder);
  assert.equal(plain.code, 1);
  assert.match(plain.err, /there is no such file \[NO_SUCH_FILE\]/);
  assert.doesNotMatch(plain.err, /^\s+at /m);
  const debug = await elsewhere("build", "./no-such.drv", "--store", folder, "--debug");
  assert.match(debug.err, /^\s+at /m);
});
