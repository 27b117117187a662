import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { compareText, decodeText, encodeText, textByteLength } from "#base/text.ts";

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
);

test("any bytes survive being a text", () => {
  fc.assert(
    fc.property(bytes, (some) => {
      const text = decodeText(some);
      assert.deepEqual(encodeText(text), Buffer.from(some));
      assert.equal(textByteLength(text), some.length);
    }),
    { numRuns: 1000 },
  );
});

test("texts put together are their bytes put together", () => {
  fc.assert(
    fc.property(fc.array(bytes), (pieces) => {
      // A slash between, as in paths: halves of a character must not meet.
      const whole = Buffer.concat(pieces.flatMap((piece) => [piece, Buffer.from("/")]));
      assert.deepEqual(encodeText(pieces.map((piece) => `${decodeText(piece)}/`).join("")), whole);
    }),
  );
});

test("UTF-8 is ordinary text", () => {
  assert.equal(decodeText(Buffer.from("大白兔 🐇")), "大白兔 🐇");
  assert.equal(decodeText(Buffer.from([0x61, 0xff])), "a\udcff");
});

test("texts are ordered by their bytes", () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(Math.sign(compareText(decodeText(a), decodeText(b))), Math.sign(Buffer.compare(a, b)));
    }),
    { numRuns: 1000 },
  );
});
