import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ByteReader, decodeBytes } from "#base/byte-reader.ts";
import { ElsewhereError, LimitError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import { type Codec, encodeToBuffer, type WireContext } from "#wire/codec/codec.ts";
import { list, map, set } from "#wire/codec/collections.ts";
import { enumeration, filler, nothing, since, until, withFeature } from "#wire/codec/derive.ts";
import { LIST_LENGTH_MAX, MESSAGE_BYTES_MAX, STRING_BYTES_MAX } from "#wire/codec/limits.ts";
import { optional } from "#wire/codec/optional.ts";
import { bits64, bool, bytes, roughNumber, text, u64 } from "#wire/codec/primitives.ts";
import { struct } from "#wire/codec/struct.ts";
import { storePathSet } from "#wire/values/store-path.ts";

const ctx: WireContext = { version: 38, features: new Set(), storeDir: DEFAULT_STORE_DIR };
const at = (version: number, ...features: string[]) => ({ ...ctx, version, features: new Set(features) });

function decode<T>(codec: Codec<T>, encoded: Buffer, context = ctx): T {
  const { value, rest } = decodeBytes(codec.decode(context), encoded);
  assert.equal(rest.length, 0);
  return value;
}

function numbers(...values: (number | bigint)[]): Buffer {
  const out = new ByteWriter();
  for (const value of values) out.bits64(BigInt(value));
  return out.take();
}

test("numbers are little-endian in 64 bits, up to 2^53-1", () => {
  assert.equal(encodeToBuffer(u64, 2 ** 53 - 1, ctx).toString("hex"), "ffffffffffff1f00");
  assert.equal(decode(u64, numbers(2 ** 53 - 1)), 2 ** 53 - 1);
  assert.throws(() => decode(u64, numbers(2n ** 53n)), /9007199254740992.*above 2\^53-1/);
  for (const bad of [-1, 0.5, 2 ** 53, Number.NaN])
    assert.throws(() => encodeToBuffer(u64, bad, ctx), /Cannot send/);
});

test("numbers of all 64 bits are exact as bits, and rounded where they only inform", () => {
  assert.equal(decode(bits64, numbers(2n ** 64n - 1n)), 2n ** 64n - 1n);
  assert.equal(decode(roughNumber, numbers(2n ** 64n - 1n)), 2 ** 64);
});

test("any number but 0 is true", () => {
  assert.deepEqual(
    [0, 1, 2, 2n ** 32n, 2n ** 63n].map((n) => decode(bool, numbers(n))),
    [false, true, true, true, true],
  );
});

test("a string is padded with zeros, and with nothing else", () => {
  const encoded = encodeToBuffer(text, "大白兔", ctx);
  assert.equal(encoded.length, 8 + 16);
  assert.equal(decode(text, encoded), "大白兔");
  encoded[23] = 1;
  assert.throws(() => decode(text, encoded), /non-zero padding/);
});

test("a string keeps bytes that are no UTF-8", () => {
  const encoded = encodeToBuffer(bytes, Buffer.from("a\xff\xfe", "latin1"), ctx);
  assert.deepEqual(encodeToBuffer(text, decode(text, encoded), ctx), encoded);
});

test("large pieces are written as they are, between small ones", () => {
  const out = new ByteWriter();
  const large = Buffer.alloc(100_000, 7);
  out.u64(1);
  out.raw(large);
  out.bytes(large.subarray(0, 5001));
  out.text("x".repeat(9_999));
  assert.equal(out.length, 8 + 100_000 + 8 + 5008 + 8 + 10_000);
  const written = out.take();
  assert.equal(written.length, 8 + 100_000 + 8 + 5008 + 8 + 10_000);
  assert.equal(out.length, 0);
  assert.deepEqual(written.subarray(8, 100_008), large);
  assert.equal(decode(text, written.subarray(8 + 100_000 + 8 + 5008)), "x".repeat(9_999));
});

test("fields come in order, by version and by feature, and fillers leave no trace", () => {
  const codec = struct({
    first: text,
    old: until(30, u64, 5),
    obsolete: filler(u64, 7),
    newer: since(35, bool, false),
    shape: withFeature("round", text, nothing as Codec<string | undefined>),
  });
  const value = { first: "a", old: 9, newer: true, shape: "o" };
  assert.equal(encodeToBuffer(codec, value, at(29)).length, 16 + 8 + 8);
  assert.deepEqual(decode(codec, encodeToBuffer(codec, value, at(29)), at(29)), {
    first: "a",
    old: 9,
    newer: false,
    shape: undefined,
  });
  assert.deepEqual(decode(codec, encodeToBuffer(codec, value, at(38, "round")), at(38, "round")), {
    first: "a",
    old: 5,
    newer: true,
    shape: "o",
  });
});

test("sets are sorted by their bytes when written, and when a peer did not", () => {
  const names = ["b", "a", "é", "z", "a"];
  const encoded = encodeToBuffer(set(text), names, ctx);
  assert.deepEqual(decode(list(text), encoded), ["a", "b", "z", "é"]);
  assert.deepEqual(decode(set(text), encodeToBuffer(list(text), names, ctx)), ["a", "b", "z", "é"]);
});

test("maps are sorted by their keys when written", () => {
  const codec = map(text, u64);
  const encoded = encodeToBuffer(codec, new Map(Object.entries({ b: 2, a: 1 })), ctx);
  assert.deepEqual(
    [...decode(codec, encoded)],
    [
      ["a", 1],
      ["b", 2],
    ],
  );
});

test("an error names the part of the message and what is wrong with it", () => {
  const codec = struct({ willBuild: storePathSet });
  const encoded = encodeToBuffer(
    struct({ willBuild: list(text) }),
    { willBuild: ["/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo", "/etc/passwd"] },
    ctx,
  );
  assert.throws(() => decode(codec, encoded), {
    code: "NOT_IN_STORE",
    message:
      "Cannot decode willBuild.1: cannot use '/etc/passwd': path '/etc/passwd' is not in the Nix store '/nix/store'",
  });
  assert.throws(() => encodeToBuffer(struct({ sizes: list(u64) }), { sizes: [1, -1] }, ctx), {
    code: "MALFORMED",
    message: "Cannot encode sizes.1: cannot send -1: want an integer from 0 to 2^53-1",
  });
});

test("numbers of an enumeration, and tags of what may be absent, are checked", () => {
  assert.throws(
    () => decode(enumeration("mode", ["a", "b"]), numbers(2)),
    /mode '2': want a number from 0 to 1/,
  );
  assert.throws(() => decode(optional(u64), numbers(2, 1)), /want the tag 0 or 1/);
});

test("sizes above the limits are refused before anything is waited for", () => {
  assert.throws(() => decode(text, numbers(STRING_BYTES_MAX + 1)), LimitError);
  assert.throws(() => decode(list(text), numbers(LIST_LENGTH_MAX + 1)), { code: "LIMIT" });
});

test("a message of many parts, each within its limit, is bounded too", () => {
  const steps = list(bytes).decode(ctx);
  const part = Buffer.alloc(STRING_BYTES_MAX);
  const sizes = numbers(STRING_BYTES_MAX);
  let given = 0;
  const answer = (want: number): Uint8Array => {
    if (want === 0) return Buffer.alloc(1);
    given += want;
    return want === 8 ? (given === 8 ? numbers(LIST_LENGTH_MAX) : sizes) : part;
  };
  assert.throws(() => {
    for (let step = steps.next(); !step.done; ) step = steps.next(answer(step.value));
  }, LimitError);
  assert.ok(given < MESSAGE_BYTES_MAX + STRING_BYTES_MAX);
});

test("a message that takes no bytes is decoded without waiting for one", async () => {
  const reader = new ByteReader(
    (async function* () {
      yield await new Promise<Buffer>(() => undefined);
    })(),
  );
  assert.deepEqual(await reader.read(struct({ later: since(39, text, "none") }).decode(ctx)), {
    later: "none",
  });
});

test("messages across chunks of any size come out whole", async () => {
  const codec = struct({ names: list(text), sizes: map(text, u64), maybe: optional(text) });
  const value = {
    names: Array.from({ length: 300 }, (_, n) => "n".repeat(n)),
    sizes: new Map(Array.from({ length: 50 }, (_, n) => [`k${n + 100}`, n])),
    maybe: "yes",
  };
  const encoded = encodeToBuffer(list(codec), [value, value, value], ctx);
  for (const size of [1, 7, 8, 100, 4096, encoded.length]) {
    const reader = new ByteReader(chunked(encoded, size));
    assert.deepEqual(await reader.read(list(codec).decode(ctx)), [value, value, value]);
    assert.equal(reader.position, encoded.length);
    assert.ok(await reader.atEnd());
  }
});

test("every error of a codec is one that a person can read", () => {
  assert.throws(() => decode(text, Buffer.alloc(4)), ElsewhereError);
});

async function* chunked(data: Buffer, size: number) {
  for (let start = 0; start < data.length; start += size) yield data.subarray(start, start + size);
}
