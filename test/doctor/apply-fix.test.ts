import assert from "node:assert/strict";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { applyFix, prepareFix } from "#doctor/apply-fix.ts";
import type { Fix } from "#doctor/fix.ts";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-fix-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const editOf = (file: string): Fix => ({
  kind: "edit",
  why: "w",
  file,
  line: 2,
  before: "bad",
  after: "good",
});

test("a line is replaced, the file keeps its mode, and what was there is kept", (t) => {
  const folder = folderFor(t);
  const file = join(folder, "machines");
  writeFileSync(file, "one\nbad\nthree");
  chmodSync(file, 0o640);
  const backup = applyFix(prepareFix(editOf(file)), 0);
  assert.equal(readFileSync(file, "utf8"), "one\ngood\nthree");
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.equal(readFileSync(backup!, "utf8"), "one\nbad\nthree");
  assert.deepEqual(readdirSync(folder).sort(), ["machines", "machines.before-19700101T000000"]);
});

test("a line that somebody changed meanwhile is left alone", (t) => {
  const file = join(folderFor(t), "machines");
  writeFileSync(file, "one\nbad\n");
  const prepared = prepareFix(editOf(file));
  writeFileSync(file, "one\nbad\nmore\n");
  assert.throws(() => applyFix(prepared, 0), { code: "FIX_STALE" });
  writeFileSync(file, "one\nother\n");
  assert.throws(() => prepareFix(editOf(file)), { code: "FIX_STALE" });
});

test("a file that is generated is not changed, and where to change it is said", (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "made"), "one\nbad\n");
  symlinkSync("made", join(folder, "machines"));
  assert.throws(() => prepareFix(editOf(join(folder, "machines"))), {
    code: "FIX_GENERATED",
    hint: /buildMachines/,
  });
});

test("a line is added to a file that is there, or not there yet, with or without an ending", (t) => {
  const folder = folderFor(t);
  for (const [name, before, after] of [
    ["new/known_hosts", undefined, "line\n"],
    ["ended", "a\n", "a\nline\n"],
    ["open", "a", "a\nline\n"],
  ] as const) {
    const file = join(folder, name);
    if (before !== undefined) writeFileSync(file, before);
    applyFix(prepareFix({ kind: "edit", why: "w", file, after: "line" }), 0);
    assert.equal(readFileSync(file, "utf8"), after);
  }
});

test("bytes that are no text stay as they are", (t) => {
  const file = join(folderFor(t), "machines");
  writeFileSync(file, Buffer.from("\xff\xfe\nbad\n", "latin1"));
  applyFix(prepareFix(editOf(file)), 0);
  assert.deepEqual(readFileSync(file), Buffer.from("\xff\xfe\ngood\n", "latin1"));
});
