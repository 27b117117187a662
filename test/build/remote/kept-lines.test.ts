import assert from "node:assert/strict";
import { test } from "node:test";
import { Deferred } from "#base/deferred.ts";
import { KeptLines } from "#build/remote/kept-lines.ts";
import type { SendingLine } from "#build/remote/sending-line.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { fileSample } from "../../store/local/local-rig.ts";

test("a line is opened once for what goes one way, and closed in the end", async () => {
  const way = new Way();
  await way.send("b");
  await way.send("b");
  await way.send("c");
  assert.deepEqual(way.opened(), ["b", "c"]);
  await way.lines[Symbol.asyncDispose]();
  assert.ok(way.made.every(({ isClosed }) => isClosed));
});

test("what is sent beside another goes by a second line, and a third waits", async () => {
  const way = new Way();
  way.script = () => way.gate.promise;
  const sending = Promise.all([way.send("b"), way.send("b"), way.send("b")]);
  await way.hasBegun(2);
  way.gate.resolve();
  await sending;
  assert.deepEqual(way.opened(), ["b", "b"]);
});

test("a line that was cut while it stood idle is opened anew", async () => {
  const way = new Way();
  await way.send("b");
  way.made[0]!.isUsable = false;
  await way.send("b");
  assert.deepEqual(way.opened(), ["b", "b"]);
  assert.equal(way.begun, 2);
});

test("one that fails after it has served is tried anew, once", async () => {
  const way = new Way();
  await way.send("b");
  way.script = async (line) => {
    if (line === way.made[0]) throw new Error("broken pipe");
  };
  await way.send("b");
  assert.deepEqual(way.opened(), ["b", "b"]);
  way.script = async () => {
    throw new Error("no space left");
  };
  await assert.rejects(way.send("b"), /no space left/);
  assert.deepEqual(way.opened(), ["b", "b", "b"]);
  assert.ok(way.made.every(({ isClosed }) => isClosed));
});

test("one that fails at once is not tried again, and is not kept", async () => {
  const way = new Way();
  way.script = async () => {
    throw new Error("no");
  };
  await assert.rejects(way.send("b"), /no/);
  await assert.rejects(way.send("b"), /no/);
  assert.deepEqual(way.opened(), ["b", "b"]);
});

test("stopping hangs up, and nothing is tried again", async () => {
  const way = new Way();
  await way.send("b");
  const stop = new AbortController();
  way.script = (line) => line.closing.promise;
  const sending = way.send("b", stop.signal);
  await way.hasBegun(2);
  stop.abort(new Error("stopped"));
  await assert.rejects(sending, /stopped/);
  assert.deepEqual(way.opened(), ["b"]);
});

test("lines are kept to so many builders only", async () => {
  const way = new Way();
  for (let at = 0; at < 8; at++) await way.send(`b${at}`);
  assert.equal(way.lines.hasRoomFor("b3"), true);
  assert.equal(way.lines.hasRoomFor("another"), false);
});

/** Lines from one builder that do as they are told. */
class Way {
  readonly made: FakeLine[] = [];
  readonly gate = new Deferred<void>();
  readonly #begins: { count: number; reached: Deferred<void> }[] = [];
  script: (line: FakeLine) => Promise<void> = async () => undefined;
  begun = 0;
  readonly lines = new KeptLines(async (to) => {
    const line = new FakeLine(to, async (sending) => {
      this.begun++;
      for (const { count, reached } of this.#begins) if (this.begun >= count) reached.resolve();
      await this.script(sending);
    });
    this.made.push(line);
    return line;
  });

  async send(to: string, signal = new AbortController().signal): Promise<void> {
    await this.lines.send({ to, infos: [fileSample("x", "x").info], signal });
  }

  opened(): string[] {
    return this.made.map(({ to }) => to);
  }

  async hasBegun(count: number): Promise<void> {
    const reached = new Deferred<void>();
    this.#begins.push({ count, reached });
    if (this.begun >= count) reached.resolve();
    await reached.promise;
  }
}

class FakeLine implements SendingLine {
  isUsable = true;
  isClosed = false;
  readonly closing = new Deferred<void>();
  readonly to: string;
  readonly #work: (line: FakeLine) => Promise<void>;

  constructor(to: string, work: (line: FakeLine) => Promise<void>) {
    this.to = to;
    this.#work = work;
  }

  async send(_: readonly PathInfo[]): Promise<void> {
    await this.#work(this);
    if (this.isClosed) throw new Error("hung up");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    this.closing.resolve();
  }
}
