import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { SlotShare } from "#build/engine/site/slot-share.ts";
import { AudibleSlots } from "#resident/audible-slots.ts";

/** Slots of which only other processes' changes are told, and by the test. */
function shared(): SlotShare & { ring(): void } {
  let held = 0;
  const listeners = new Set<() => void>();
  return {
    take: (_builder, slotsMax) => {
      if (held >= slotsMax) return undefined;
      held += 1;
      return {
        [Symbol.dispose]: () => {
          held -= 1;
        },
      };
    },
    held: () => held,
    onChange: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    ring: () => listeners.forEach((listener) => void listener()),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

test("a run hears that another of the same process has taken slots and given them back, once a turn", async () => {
  const slots = new AudibleSlots(shared());
  let heard = 0;
  using _ = slots.onChange(() => heard++);
  const [first] = [slots.take("box", 2)!, slots.take("box", 2)!];
  assert.equal(slots.take("box", 2), undefined);
  await setImmediate();
  assert.deepEqual([heard, slots.held("box")], [1, 2]);
  first[Symbol.dispose]();
  await setImmediate();
  assert.deepEqual([heard, slots.held("box")], [2, 1]);
});

test("it hears of other processes as before, and nothing once it is over", async () => {
  const share = shared();
  const slots = new AudibleSlots(share);
  let heard = 0;
  const listening = slots.onChange(() => heard++);
  share.ring();
  assert.equal(heard, 1);
  listening[Symbol.dispose]();
  share.ring();
  slots.take("box", 1);
  await setImmediate();
  assert.equal(heard, 1);
});
