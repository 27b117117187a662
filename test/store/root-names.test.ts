import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { nameRoots } from "#store/root-names.ts";

const one = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-one");
const two = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-two");

const FOUND = [
  ["/home/me/result", one],
  ["{temp:7}", one],
  ["{temp:7}", two],
  ["/proc/7/maps", two],
] as const;

test("a process that keeps several paths has a name for each", () => {
  assert.deepEqual(
    [...nameRoots(FOUND)],
    [
      ["/home/me/result", one],
      ["{temp:7}", one],
      ["{temp:7#2}", two],
      ["{/proc/7/maps}", two],
    ],
  );
});

test("to those who may not see them, roots tell nothing of processes", () => {
  assert.deepEqual(
    [...nameRoots(FOUND, { censor: true })],
    [
      ["/home/me/result", one],
      ["{censored}", one],
      ["{censored#2}", two],
      ["{censored#3}", two],
    ],
  );
});
