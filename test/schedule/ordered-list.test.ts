import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OrderedList } from "#schedule/ordered-list.ts";

interface Item {
  readonly key: number;
  readonly number: number;
}

const order = (a: Item, b: Item) => a.number - b.number;

test("whatever is added and taken out, the list is as a sorted array would be", () => {
  const someKeys = fc.array(fc.tuple(fc.nat(9), fc.boolean()), { minLength: 1, maxLength: 600 });
  fc.assert(
    fc.property(someKeys, fc.boolean(), (steps, isKeyed) => {
      const keyOf = ({ key }: Item) => (isKeyed ? key : 0);
      const list = new OrderedList<Item>(order, keyOf);
      const kept: Item[] = [];
      for (const [number, [key, isAdded]] of steps.entries()) {
        // Numbers go up and down, so that items come in the middle of runs too.
        const item = { key, number: number % 2 === 0 ? number : -number };
        if (isAdded || kept.length === 0) {
          list.add(item);
          kept.push(item);
        } else {
          const [gone] = kept.splice(number % kept.length, 1);
          assert.ok(list.delete(gone!));
          assert.ok(!list.delete(gone!));
        }
      }
      kept.sort((a, b) => keyOf(a) - keyOf(b) || order(a, b));
      holdsJust(list, kept, keyOf);
    }),
    { numRuns: 60 },
  );
});

test("a list that became empty, and was long before, takes items again", () => {
  const keyOf = ({ key }: Item) => key;
  const list = new OrderedList<Item>(order, keyOf);
  const items = Array.from({ length: 1000 }, (_, number) => ({ key: number % 7, number }));
  for (const item of items) list.add(item);
  for (const item of items) assert.ok(list.delete(item));
  holdsJust(list, [], keyOf);
  for (const item of items.slice(0, 3)) list.add(item);
  holdsJust(list, items.slice(0, 3), keyOf);
});

function holdsJust(list: OrderedList<Item>, items: readonly Item[], keyOf: (item: Item) => number): void {
  assert.equal(list.length, items.length);
  assert.deepEqual([...list], items);
  assert.equal(list.first, items[0]);
  assert.equal(list.at(items.length), undefined);
  for (const [rank, item] of items.entries()) {
    assert.equal(list.rankOf(item), rank);
    assert.equal(list.at(rank), item);
    assert.equal(list.keyAt(rank), keyOf(item));
  }
  const middle = items.length >> 1;
  assert.deepEqual(list.slice(middle, 70), items.slice(middle, middle + 70));
}
