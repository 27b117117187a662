import assert from "node:assert/strict";
import { test } from "node:test";
import { CaseHack, withoutCaseHack } from "#nix/case-hack.ts";

test("names that differ in case alone are numbered in the order they come", () => {
  const hack = new CaseHack();
  const onDisk = ["README", "ReadMe", "readme", "x"].map((name) => hack.nameOnDisk(name));
  assert.deepEqual(onDisk, ["README", "ReadMe~nix~case~hack~1", "readme~nix~case~hack~2", "x"]);
  assert.deepEqual(onDisk.map(withoutCaseHack), ["README", "ReadMe", "readme", "x"]);
});

test("a name that already has the suffix which another would get is refused", () => {
  const hack = new CaseHack();
  hack.nameOnDisk("A");
  hack.nameOnDisk("a~nix~case~hack~1");
  assert.throws(() => hack.nameOnDisk("a"), { code: "CASE_COLLISION" });
});
