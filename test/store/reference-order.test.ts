import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { sortByReferences } from "#store/reference-order.ts";

const [a, b, c, elsewhere] = ["a", "b", "c", "d"].map((name) =>
  parseStorePathBaseName(`${name.repeat(32)}-${name}`),
) as [StorePath, StorePath, StorePath, StorePath];

test("references come before what refers to them, and the rest stays in its order", () => {
  const sorted = sortByReferences([
    { path: c, references: [b, c, elsewhere] },
    { path: a, references: [] },
    { path: b, references: [a] },
  ]);
  assert.deepEqual(
    sorted.map(({ path }) => path),
    [a, b, c],
  );
});

test("paths that refer to each other have no order", () => {
  assert.throws(
    () =>
      sortByReferences([
        { path: a, references: [b] },
        { path: b, references: [c] },
        { path: c, references: [a] },
      ]),
    /REFERENCE_CYCLE|cycle detected/,
  );
});
