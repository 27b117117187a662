import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "#base/clock.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import { KeptSites } from "#resident/kept-sites.ts";

/** A builder that counts its connections, and a clock that the test turns. */
class Rig {
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly #alarms: (() => void)[] = [];
  fault: Error | undefined;
  readonly kept = new KeptSites({ clock: this.#clock(), idleMs: 1000 });

  site(name = "box", key = name): BuildSite {
    const connect = async () => {
      if (this.fault) throw this.fault;
      this.opened.push(key);
      return { [Symbol.asyncDispose]: async () => void this.closed.push(key) } as never;
    };
    return this.kept.keep(key, { traits: { name } as never, connect });
  }

  async passTime(): Promise<void> {
    for (const ring of this.#alarms.splice(0)) ring();
    await new Promise(setImmediate);
  }

  #clock(): Clock {
    const sleep = (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        this.#alarms.push(resolve);
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    return { now: () => 0, sleep };
  }
}

const never = new AbortController().signal;

test("a connection is made once, shared, and closed when nobody has used it for a while", async () => {
  const rig = new Rig();
  const [a, b] = await Promise.all([rig.site().connect(never), rig.site().connect(never)]);
  await a[Symbol.asyncDispose]();
  await rig.passTime();
  assert.deepEqual(rig.closed, []);
  await b[Symbol.asyncDispose]();
  const again = await rig.site().connect(never);
  await rig.passTime();
  assert.deepEqual([rig.opened, rig.closed], [["box"], []]);
  await again[Symbol.asyncDispose]();
  await rig.passTime();
  assert.deepEqual(rig.closed, ["box"]);
});

test("a lost builder is connected anew, while who still uses the old connection keeps it", async () => {
  const rig = new Rig();
  const old = await rig.site().connect(never);
  rig.kept.discard("box");
  await rig.site().connect(never);
  assert.equal(rig.opened.length, 2);
  assert.deepEqual(rig.closed, []);
  await old[Symbol.asyncDispose]();
  await rig.passTime();
  assert.deepEqual(rig.closed, ["box"]);
});

test("a failure to connect is not kept", async () => {
  const rig = new Rig();
  rig.fault = new Error("no route");
  await assert.rejects(rig.site().connect(never), /no route/);
  rig.fault = undefined;
  await rig.site().connect(never);
  assert.deepEqual(rig.opened, ["box"]);
});

test("builders that are reached in different ways do not share", async () => {
  const rig = new Rig();
  await rig.site("box", "by one key").connect(never);
  await rig.site("box", "by another").connect(never);
  assert.deepEqual(rig.opened, ["by one key", "by another"]);
});

test("all is closed in the end, used or not", async () => {
  const rig = new Rig();
  await rig.site().connect(never);
  await rig.kept[Symbol.asyncDispose]();
  assert.deepEqual(rig.closed, ["box"]);
});
