import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { ByteQueue } from "#base/byte-queue.ts";
import { ByteReader, decodeBytes } from "#base/byte-reader.ts";
import { type Decoding, PEEK, take, takeSome } from "#base/decoding.ts";

async function* chunked(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

function* text(count: number): Decoding<string> {
  return Buffer.from(yield* take(count)).toString();
}

test("a reader hands out exactly what was asked for, across chunks", async () => {
  const reader = new ByteReader(chunked("ab", "", "cdefg", "h"));
  assert.equal(await reader.read(text(3)), "abc");
  assert.equal(await reader.read(text(0)), "");
  assert.equal(reader.position, 3);
  assert.equal(await reader.atEnd(), false);
  assert.equal(Buffer.concat(await Array.fromAsync(reader.rest())).toString(), "defgh");
  assert.equal(await reader.atEnd(), true);
  await reader.expectEnd();
});

test("an input that ends early names the stream, and bytes after the end are refused", async () => {
  await assert.rejects(new ByteReader(chunked("ab"), "the letters").read(text(3)), {
    code: "END_OF_INPUT",
    message: /the letters/,
  });
  await assert.rejects(new ByteReader(chunked("ab")).expectEnd(), { code: "TRAILING_BYTES" });
  await assert.rejects(Array.fromAsync(new ByteReader(chunked("ab")).chunks(3)), { code: "END_OF_INPUT" });
  assert.throws(() => decodeBytes(text(3), Buffer.from("ab")), { code: "END_OF_INPUT" });
});

test("a decoder is closed when its input ends early", async () => {
  let closed = false;
  function* decoding(): Decoding<void> {
    try {
      yield 5;
    } finally {
      closed = true;
    }
  }
  await assert.rejects(new ByteReader(chunked("ab")).read(decoding()));
  assert.ok(closed);
});

test("a piece of a stream ends where it was said to", async () => {
  const reader = new ByteReader(chunked("abc", "def", "g"));
  assert.equal(Buffer.concat(await Array.fromAsync(reader.chunks(5))).toString(), "abcde");
  assert.equal(await reader.read(text(2)), "fg");
});

test("a look takes nothing, and some is at most what was asked for", async () => {
  function* decoding(): Decoding<string[]> {
    const look = Buffer.from(yield PEEK).toString();
    const some = Buffer.from(yield* takeSome(2)).toString();
    const more = Buffer.from(yield* takeSome(9)).toString();
    return [look, some, more];
  }
  assert.deepEqual(await new ByteReader(chunked("abc", "d")).read(decoding()), ["abc", "ab", "c"]);
  assert.deepEqual(decodeBytes(decoding(), Buffer.from("abcd")), {
    value: ["abcd", "ab", "cd"],
    rest: Buffer.alloc(0),
  });
});

test("a queue is its bytes in order, however they were put in and taken out", () => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.nat(12));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      let model = Buffer.alloc(0);
      for (const step of steps) {
        if (typeof step !== "number") {
          queue.push(step);
          model = Buffer.concat([model, step]);
          continue;
        }
        const count = Math.min(step, queue.length);
        const piece = step % 2 === 0 ? queue.take(count) : queue.takeSome(step);
        assert.deepEqual(piece, model.subarray(0, piece.length));
        if (step % 2 === 0) assert.equal(piece.length, count);
        else assert.ok(piece.length > 0 || model.length === 0);
        model = model.subarray(piece.length);
        assert.equal(queue.length, model.length);
      }
    }),
    { numRuns: 500 },
  );
});

test("a queue of many thousand chunks stays in order", () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 5000; i++) queue.push(Buffer.from([i % 251]));
  for (let i = 0; i < 4000; i++) assert.equal(queue.take(1)[0], i % 251);
  for (let i = 5000; i < 6000; i++) queue.push(Buffer.from([i % 251]));
  const rest = queue.take(queue.length);
  assert.deepEqual([rest.length, rest[0], rest.at(-1)], [2000, 4000 % 251, 5999 % 251]);
});
