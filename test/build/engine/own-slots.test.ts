import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnSlots } from "#build/engine/execution/own-slots.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import type { SlotShare } from "#build/engine/site/slot-share.ts";
import { EngineRig } from "./engine-rig.ts";

test("a run takes a slot for each build that runs, and gives it back when that has ended", async () => {
  const share = new SharedSlots();
  const [one, two] = [runOf(share), runOf(share)];
  assert.ok(one.slots.begin("box", 1) && one.slots.begin("box", 1));
  assert.equal(two.slots.begin("box", 1), false);
  assert.deepEqual(two.told, [2]);
  one.slots.end("box");
  await undefined;
  assert.deepEqual(two.told, [2, 1]);
  assert.ok(two.slots.begin("box", 1));
});

test("builds that are handed over together share what slots there are", () => {
  const share = new SharedSlots();
  const [one, two] = [runOf(share), runOf(share)];
  assert.ok(one.slots.begin("box", 1));
  assert.ok(two.slots.begin("box", 50));
  assert.equal(two.slots.heldOn("box"), 1);
  for (let ended = 0; ended < 49; ended++) two.slots.end("box");
  assert.equal(two.slots.heldOn("box"), 1);
  two.slots.end("box");
  assert.equal(two.slots.heldOn("box"), 0);
});

test("two runs on one machine finish, and never have more builds on a builder than it has slots", async () => {
  const share = new SharedSlots();
  const rigs = [new EngineRig(), new EngineRig()];
  let [running, most] = [0, 0];
  const reports = rigs.map(async (rig) => {
    rig.slots = share;
    const names = Array.from({ length: 10 }, (_, at) => `n${at}`);
    for (const name of names) rig.derive(name);
    rig.builder("box").script = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return "Built" as const;
    };
    return await rig.build(...names);
  });
  for (const report of await Promise.all(reports)) assert.equal(report.complete, true);
  assert.equal(most, 2);
  for (const { events } of rigs) assert.ok(!events.some(({ kind }) => kind === "attempt-lost"));
});

function runOf(share: SlotShare): { slots: OwnSlots; told: number[] } {
  const told: number[] = [];
  const site = { traits: { name: "box", maxJobs: 2 } } as BuildSite;
  const slots = new OwnSlots({ share, sites: [site], onOthers: (_, held) => told.push(held) });
  return { slots, told };
}

/** Slots in memory; every change is told to all. */
class SharedSlots implements SlotShare {
  readonly #held = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  take(builder: string, slotsMax: number): Disposable | undefined {
    if (this.held(builder) >= slotsMax) return undefined;
    this.#change(builder, 1);
    return { [Symbol.dispose]: () => this.#change(builder, -1) };
  }

  held(builder: string): number {
    return this.#held.get(builder) ?? 0;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #change(builder: string, by: number): void {
    this.#held.set(builder, this.held(builder) + by);
    for (const listener of this.#listeners) queueMicrotask(listener);
  }
}
