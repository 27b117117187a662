import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuilderBook } from "#build/engine/site/builder-book.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import type { BuildSample, Ledger } from "#ledger/ledger.ts";
import { Foresight } from "#resident/foresight.ts";

const SITE = { traits: { name: "box", speedFactor: 2 } } as unknown as BuildSite;
const SAMPLE: BuildSample = { name: "hello", system: "s", builder: "box", durationMs: 3000, endedMs: 0 };

/** A record that counts how often it is asked, at a time that the test sets. */
class Past {
  nowMs = 0;
  rated = 0;
  closed = 0;
  readonly faults: string[] = [];
  readonly foresight: Foresight;

  constructor(openLedger = async () => this.ledger) {
    this.foresight = new Foresight({
      openLedger,
      book: { noteSpeed: () => undefined } as unknown as BuilderBook,
      clock: { now: () => this.nowMs, sleep: async () => undefined },
      report: (text) => this.faults.push(text),
    });
  }

  get ledger(): Ledger {
    return {
      recent: async () => {
        this.rated++;
        return [];
      },
      samples: async (names: readonly string[]) => (names.includes("hello") ? [SAMPLE] : []),
      [Symbol.asyncDispose]: async () => void this.closed++,
    } as unknown as Ledger;
  }
}

test("what a build took is foreseen at the speed of who built it", async () => {
  const { foresight } = new Past();
  const estimates = await foresight.estimatesOf(["hello-2.12", "other"], [SITE]);
  assert.equal(estimates.estimateOf("hello", "s")?.durationMs, 6000);
  assert.equal(estimates.estimateOf("other", "s"), undefined);
});

test("builders are rated once a minute, however often it is asked", async () => {
  const past = new Past();
  for (const nowMs of [0, 1000, 59_999]) {
    past.nowMs = nowMs;
    await past.foresight.estimatesOf(["hello"], [SITE]);
  }
  assert.equal(past.rated, 1);
  past.nowMs = 60_000;
  await past.foresight.estimatesOf(["hello"], [SITE]);
  assert.equal(past.rated, 2);
  await past.foresight[Symbol.asyncDispose]();
  assert.equal(past.closed, 1);
});

test("without a record nothing is foreseen, and it is told once", async () => {
  const past = new Past(async () => {
    throw new Error("disk I/O error");
  });
  for (let times = 0; times < 2; times++)
    assert.equal((await past.foresight.estimatesOf(["hello"], [SITE])).estimateOf("hello", "s"), undefined);
  assert.deepEqual(past.faults, ["what builds take is not remembered: disk I/O error"]);
  await past.foresight[Symbol.asyncDispose]();
});
