import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyPath } from "#rig/arbitraries.ts";
import { memoryLimitIn, memoryLimitPath } from "#wire/serve/memory-limit.ts";

test("a limit of memory travels as a path, and no other path is one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), anyPath, (bytes, path) => {
      assert.equal(memoryLimitIn(memoryLimitPath(bytes)), bytes);
      if (!path.startsWith("0".repeat(32))) assert.equal(memoryLimitIn(path), undefined);
    }),
  );
});

test("a limit that makes no sense is none", () => {
  for (const digits of ["", "0", "-1", "1e3", "9".repeat(40)])
    assert.equal(
      memoryLimitIn(`${"0".repeat(32)}-elsewhere-max-build-memory-${digits}` as never),
      undefined,
      digits,
    );
});
