import assert from "node:assert/strict";
import { test } from "node:test";
import { bubblewrapArguments } from "#sandbox/linux/bubblewrap-arguments.ts";

test("a variable's name ends at the first '=', the first of two counts, and what has none is left out", () => {
  const env = new Map([
    ["", "nameless"],
    ["a b", "spaced"],
    ["c=d", "e"],
    ["first", "1"],
    ["first=2", "3"],
  ]);
  const args = bubblewrapArguments(
    {
      program: "/bin/sh",
      argv: ["sh"],
      env,
      workingDir: "/build",
      root: "/root",
      mounts: [],
      devices: [],
      network: false,
      system: "x86_64-linux",
      filterSystemCalls: false,
      scratchDir: "/tmp",
    },
    { withMounts: true, hasFilter: false, canNameProgram: true },
  );
  const set = args.flatMap((arg, index) => (arg === "--setenv" ? [args.slice(index + 1, index + 3)] : []));
  assert.deepEqual(set, [
    ["a b", "spaced"],
    ["c", "d=e"],
    ["first", "1"],
  ]);
});
