import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { openCommand } from "#transport/command.ts";
import { SocketSource } from "#transport/socket-source.ts";
import { connectUnixSocket } from "#transport/unix-socket.ts";

/** A source, and a socket's part in it: each number is a chunk of so many bytes, all of the number's place in the row. */
class Rig {
  readonly source = new SocketSource();
  readonly socket = new Socket();
  #buffer: Uint8Array;
  #count = 0;

  constructor() {
    this.source.attach(this.socket);
    this.#buffer = this.#room();
  }

  /** Whether more may come. */
  receives(...sizes: readonly number[]): boolean {
    let goesOn = true;
    for (const size of sizes) {
      goesOn = this.source.onread.callback(size, this.#buffer.fill(++this.#count, 0, size));
      this.#buffer = this.#room();
    }
    return goesOn;
  }

  async next(): Promise<Uint8Array> {
    return (await this.source[Symbol.asyncIterator]().next()).value!;
  }

  #room(): Uint8Array {
    const { buffer } = this.source.onread;
    return buffer instanceof Uint8Array ? buffer : buffer();
  }
}

const LARGE = 100_000;

test("the memory of a chunk is filled again when it and a later one were given back", async () => {
  const rig = new Rig();
  const buffers: ArrayBufferLike[] = [];
  for (let count = 1; count <= 20; count++) {
    rig.receives(LARGE);
    const chunk = await rig.next();
    assert.deepEqual([chunk.length, chunk[0], chunk.at(-1)], [LARGE, count, count]);
    buffers.push(chunk.buffer);
    rig.source.recycle(chunk);
  }
  assert.ok(new Set(buffers).size <= 3);
});

test("the last chunk that was given back stays as it is while small ones follow", async () => {
  const rig = new Rig();
  rig.receives(LARGE, 10);
  const first = await rig.next();
  rig.source.recycle(first);
  rig.receives(20, LARGE, LARGE);
  assert.deepEqual([first[0], first.at(-1)], [1, 1]);
});

test("what is not given back whole is never filled again", async () => {
  const rig = new Rig();
  const kept: Uint8Array[] = [];
  for (let count = 1; count <= 10; count++) {
    rig.receives(LARGE);
    const chunk = await rig.next();
    rig.source.recycle(chunk.subarray(0, LARGE - 1));
    rig.source.recycle(chunk.subarray(1));
    kept.push(chunk);
  }
  for (const [index, chunk] of kept.entries())
    assert.deepEqual([chunk[0], chunk.at(-1)], [index + 1, index + 1]);
});

test("a small chunk takes no more memory than it has bytes, and stays when it is given back", async () => {
  const rig = new Rig();
  rig.receives(50_000);
  const chunk = await rig.next();
  assert.equal(chunk.buffer.byteLength, 50_000);
  rig.source.recycle(chunk);
  rig.receives(50_000, LARGE, LARGE);
  assert.deepEqual([chunk[0], chunk.at(-1)], [1, 1]);
});

test("no more is received while two chunks wait, until a third is asked for", async () => {
  const rig = new Rig();
  assert.equal(rig.receives(10), true);
  assert.equal(rig.receives(10), false);
  await rig.next();
  await rig.next();
  assert.equal(rig.socket.readableFlowing, null);
  const third = rig.next();
  assert.equal(rig.socket.readableFlowing, true);
  assert.equal(rig.receives(30), true);
  assert.equal((await third).length, 30);
});

test("what came before an error is read before it", async () => {
  const rig = new Rig();
  rig.receives(10);
  rig.socket.destroy(new Error("reset"));
  assert.equal((await rig.next()).length, 10);
  await assert.rejects(rig.next(), /reset/);
});

test("a stream that is no socket is left to itself", () => {
  assert.equal(SocketSource.inPlaceOf(new PassThrough()), undefined);
});

test("who stops reading a program's output hangs up", async () => {
  await using stream = openCommand(["sh", "-c", "yes; exit 3"], { peer: "rig" });
  for await (const _ of stream.source) break;
  assert.match(String(await stream.closed), /SIGPIPE|status/);
});

test("a program's output comes whole and in order, however it is given back", async () => {
  const [given, kept] = await Promise.all([true, false].map((givesBack) => numbersOf(givesBack)));
  assert.equal(given, kept);
  assert.equal(kept, Array.from({ length: 300_000 }, (_, number) => `${number + 1}\n`).join(""));
});

async function numbersOf(givesBack: boolean): Promise<string> {
  await using stream = openCommand(["sh", "-c", "seq 300000"], { peer: "rig" });
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.source) {
    chunks.push(givesBack ? Buffer.from(chunk) : chunk);
    if (givesBack) stream.recycle?.(chunk);
  }
  return Buffer.concat(chunks).toString();
}

test("a socket's bytes come whole to a reader that is slower than the writer", async () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-socket-"));
  const sent = Buffer.alloc(20_000_000, Array.from({ length: 9973 }, (_, index) => index).join(" "));
  const server = createServer((socket) => socket.end(sent)).listen(join(folder, "s"));
  try {
    await using stream = await connectUnixSocket(join(folder, "s"));
    const received = Buffer.alloc(sent.length);
    let at = 0;
    for await (const chunk of stream.source) {
      at += Buffer.from(chunk).copy(received, at);
      stream.recycle?.(chunk);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assert.ok(received.equals(sent));
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
