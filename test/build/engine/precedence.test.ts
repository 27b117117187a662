import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { shortRests } from "#base/rests.ts";
import { Courier } from "#build/engine/feed/courier.ts";
import { feedAhead } from "#build/engine/feed/feed-ahead.ts";
import { Feeder } from "#build/engine/feed/feeder.ts";
import { Fetches } from "#build/engine/feed/fetches.ts";
import { Precedence } from "#build/engine/feed/precedence.ts";
import { Whereabouts } from "#build/engine/feed/whereabouts.ts";
import { FakeStore, pathNamed } from "./fake-store.ts";

test("what is sent ahead stands still while something else is sent, and goes on then", async () => {
  const line = new Line();
  const urgent = line.precedence.enter();
  const sending = line.ahead("x");
  await line.quiet();
  assert.equal(line.has("x"), false);
  urgent[Symbol.dispose]();
  assert.equal(await sending, 8);
  assert.equal(line.has("x"), true);
});

test("what a build waits for is no longer sent ahead, and what must come before it neither", async () => {
  const line = new Line();
  line.source.hold(pathNamed("y"), [pathNamed("x")]);
  using _ = line.precedence.enter();
  const sending = [line.ahead("x"), line.ahead("y")];
  await line.quiet();
  assert.equal(line.has("x"), false);
  await line.feeder.need([pathNamed("y")]);
  assert.deepEqual(line.target.received.flat().sort(), [pathNamed("x"), pathNamed("y")].sort());
  await Promise.all(sending);
});

test("what a build waits for goes past what is sent ahead", async () => {
  const line = new Line();
  const arrival = line.target.holdBack(pathNamed("x"));
  const sending = line.ahead("x");
  await line.quiet();
  await line.feeder.need([pathNamed("other")]);
  assert.deepEqual([line.has("other"), line.has("x")], [true, false]);
  arrival.resolve();
  await sending;
});

test("what is more than may be sent ahead is not sent, and what is there counts for nothing", async () => {
  const line = new Line();
  line.source.hold(pathNamed("y"), [pathNamed("x")]);
  assert.equal(await line.ahead("y", 15), undefined);
  assert.deepEqual(line.target.received, []);
  assert.equal(await line.ahead("x", 15), 8);
  assert.equal(await line.ahead("y", 15), 8);
  assert.equal(await line.ahead("nowhere"), 0);
});

test("when the run is over what is sent ahead stops, and nobody is to blame", async () => {
  const line = new Line();
  using _ = line.precedence.enter();
  const sending = line.ahead("x");
  await line.quiet();
  line.precedence[Symbol.dispose]();
  await assert.rejects(sending, { code: "RUN_OVER" });
  assert.deepEqual(line.lost, []);
});

/** A store that has `x` and `other`, and a builder that is fed from it. */
class Line {
  readonly source = new FakeStore("source");
  readonly target = new FakeStore("target");
  readonly precedence = new Precedence();
  readonly lost: string[] = [];
  readonly feeder: Feeder;

  constructor() {
    const whereabouts = new Whereabouts();
    const from = { name: "source", store: this.source, peer: {} };
    for (const name of ["x", "other"]) this.source.hold(pathNamed(name));
    whereabouts.add(from, ["x", "y", "other"].map(pathNamed));
    const signal = new AbortController().signal;
    let copies = 0;
    this.feeder = new Feeder(
      { name: "target", store: this.target, peer: {} },
      {
        whereabouts,
        fetches: new Fetches({ events: () => undefined, clock: systemClock }),
        substitute: false,
        precedence: this.precedence,
        courier: new Courier({ rests: shortRests(), clock: systemClock, signal }),
        clock: systemClock,
        events: () => undefined,
        nextId: () => copies++,
        onSourceLost: ({ name }) => this.lost.push(name),
      },
    );
  }

  ahead(name: string, bytesMax = 1000): Promise<number | undefined> {
    return feedAhead(this.feeder, [pathNamed(name)], bytesMax);
  }

  has(name: string): boolean {
    return this.target.infos.has(pathNamed(name));
  }

  /** Resolves when nothing goes on any longer that nobody holds up. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  }
}
