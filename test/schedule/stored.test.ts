import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Stored } from "#schedule/scoring/builder/stored.ts";
import type { Builder } from "#schedule/scoring/state.ts";

test("who holds something is known, however many come and go", () => {
  const builders = Array.from({ length: 80 }, (_, ordinal) => builderAt(ordinal));
  const steps = fc.array(fc.tuple(fc.nat(79), fc.boolean()), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (some) => {
      const stored = new Stored<Builder>("p", 1);
      const holding = new Set<Builder>();
      for (const [ordinal, comes] of some) {
        const builder = builders[ordinal]!;
        if (comes) {
          assert.equal(stored.addHolder(builder), !holding.has(builder));
          holding.add(builder);
        } else {
          stored.removeHolder(builder);
          holding.delete(builder);
        }
        isHeldByJust(stored, holding, builders);
      }
      stored.removeHolders();
      isHeldByJust(stored, new Set(), builders);
    }),
  );
});

test("those that few hold name them all", () => {
  const builders = Array.from({ length: 17 }, (_, ordinal) => builderAt(ordinal));
  const stored = new Stored<Builder>("p", 1);
  for (const builder of builders.slice(0, 16)) stored.addHolder(builder);
  assert.deepEqual(new Set(stored.listed), new Set(builders.slice(0, 16)));
  stored.addHolder(builders[16]!);
  assert.deepEqual(stored.listed, []);
});

test("of many that held something, the last is known to", () => {
  const builders = Array.from({ length: 40 }, (_, ordinal) => builderAt(ordinal));
  const stored = new Stored<Builder>("p", 1);
  for (const builder of builders) stored.addHolder(builder);
  for (const builder of builders.slice(1)) stored.removeHolder(builder);
  isHeldByJust(stored, new Set(builders.slice(0, 1)), builders);
  stored.removeHolder(builders[0]!);
  stored.addHolder(builders[7]!);
  isHeldByJust(stored, new Set([builders[7]!]), builders);
});

function isHeldByJust(
  stored: Stored<Builder>,
  holding: ReadonlySet<Builder>,
  builders: readonly Builder[],
): void {
  assert.equal(stored.holders, holding.size);
  for (const builder of builders) assert.equal(stored.isHeldBy(builder), holding.has(builder));
  if (stored.listed.length > 0) assert.deepEqual(new Set(stored.listed), holding);
}

/** As much of a builder as is looked at. */
function builderAt(ordinal: number): Builder {
  const builder: Pick<Builder, "ordinal" | "alone"> = { ordinal, alone: [] };
  builder.alone.push(builder as Builder);
  return builder as Builder;
}
