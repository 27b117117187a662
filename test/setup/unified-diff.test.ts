import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { takeBack, unifiedDiff } from "#setup/unified-diff.ts";

test("a change is shown with the lines around it", () => {
  assert.equal(
    unifiedDiff("/etc/nix/machines", "a\nb\nc\nd\n", "a\nb\nc\nx\nd\n"),
    "--- /etc/nix/machines\n+++ /etc/nix/machines\n@@ -2,3 +2,4 @@\n b\n c\n+x\n d\n",
  );
});

test("a new file comes from nowhere, and one that goes away goes there", () => {
  assert.match(unifiedDiff("/a", undefined, "x\n"), /^--- \/dev\/null\n\+\+\+ \/a\n/);
  assert.match(unifiedDiff("/a", "x\n", undefined), /^--- \/a\n\+\+\+ \/dev\/null\n/);
});

test("what others changed since stays when a change is taken back", () => {
  const before = "one\ntwo\nthree\nfour\nfive\nsix\n";
  const after = before.replace("two\n", "two\nours\n");
  assert.equal(takeBack(after.replace("six", "SIX"), before, after), before.replace("six", "SIX"));
});

test("a change that somebody changed again is not taken back", () => {
  assert.equal(takeBack("one\nours, edited\ntwo\n", "one\ntwo\n", "one\nours\ntwo\n"), undefined);
});

test("whatever was changed, taking it back gives what was there", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", ""))
    .map((lines) => lines.map((line) => `${line}\n`).join(""));
  fc.assert(fc.property(text, text, (before, after) => assert.equal(takeBack(after, before, after), before)));
});
