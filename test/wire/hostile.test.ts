import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "#base/byte-reader.ts";
import type { Decoding } from "#base/decoding.ts";
import { ElsewhereError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { decodeDaemonRecording } from "#rig/daemon-recording.ts";
import { countCases, FUZZ_RUNS as RUNS } from "#rig/fuzz.ts";
import { withoutShared } from "#rig/shared.ts";
import { transcripts } from "#rig/transcripts.ts";
import type { Codec, WireContext } from "#wire/codec/codec.ts";
import { encodeToBuffer } from "#wire/codec/codec.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { FRAMES_END, FramedSource, frameHeader } from "#wire/daemon/frames.ts";
import { greetDaemon, welcomeClient } from "#wire/daemon/handshake.ts";
import { operations } from "#wire/daemon/operations.ts";
import { serverFrame } from "#wire/daemon/stderr.ts";
import { commands } from "#wire/serve/commands.ts";
import { exportTrailer } from "#wire/serve/export-stream.ts";
import { greetServe, welcomeServe } from "#wire/serve/handshake.ts";

const DAEMON_CODECS: Codec<unknown>[] = [
  ...Object.values(operations).flatMap(({ request, reply }) => [request, reply] as Codec<unknown>[]),
  serverFrame as Codec<unknown>,
];
const SERVE_CODECS: Codec<unknown>[] = [
  ...Object.values(commands).flatMap(({ request, reply }) => [request, reply] as Codec<unknown>[]),
  exportTrailer as Codec<unknown>,
];

function context(version: number): WireContext {
  return { version, features: new Set(), storeDir: DEFAULT_STORE_DIR };
}

const anyCodec = fc.oneof(
  fc.record({ codec: fc.constantFrom(...DAEMON_CODECS), version: fc.integer({ min: 18, max: 38 }) }),
  fc.record({ codec: fc.constantFrom(...SERVE_CODECS), version: fc.integer({ min: 0, max: 8 }) }),
);

/** Bytes that look like messages: small and huge numbers, strings with and without their padding, noise. */
const anyWord = fc.oneof(
  fc.nat({ max: 40 }).map(BigInt),
  fc.constantFrom(0n, 1n, 2n ** 26n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const anyPiece = fc.oneof(
  { weight: 4, arbitrary: anyWord.map(word) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo.drv", "sha256", "{}", "")
      .map(string),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
);
const anyNoise = fc.array(anyPiece, { maxLength: 24 }).map((pieces) => Buffer.concat(pieces));

test("noise is refused with an error that a person can read, or is a message", async (t) => {
  await fc.assert(
    fc.asyncProperty(anyCodec, anyNoise, fc.integer({ min: 1, max: 64 }), async (of, noise, size) => {
      await readOrRefuse((ctx) => of.codec.decode(ctx), { ctx: context(of.version), bytes: noise, size });
    }),
    { numRuns: RUNS * 10 },
  );
  countCases(t, RUNS * 10);
});

test("a recorded message that was cut off or changed is refused, or is another message", {
  skip: withoutShared,
}, async (t) => {
  const messages = recordedMessages();
  assert.ok(messages.length > 500);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...messages),
      fc.nat(),
      anyWord,
      fc.boolean(),
      async (of, at, value, cut) => {
        const bytes = Buffer.from(of.bytes);
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        if (bytes.length - place >= 8) bytes.writeBigUInt64LE(value, place);
        const sent = cut ? bytes.subarray(0, place) : bytes;
        await readOrRefuse((ctx) => of.codec.decode(ctx), { ctx: of.ctx, bytes: sent, size: 64 });
      },
    ),
    { numRuns: RUNS * 10 },
  );
  countCases(t, RUNS * 10);
});

test("noise in a handshake is refused on both sides", async (t) => {
  const options = { storeDir: DEFAULT_STORE_DIR };
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 3 }), anyNoise, async (kind, noise) => {
      const dialogue = [
        () => greetDaemon(options),
        () => welcomeClient({ ...options, nixVersion: "1", trusted: true }),
        () => greetServe(options),
        () => welcomeServe(options),
      ][kind]!();
      const reader = new ByteReader(chunked(noise, 16));
      await assert.rejects(
        hold<unknown>(dialogue as never, reader, () => undefined),
        ElsewhereError,
      );
    }),
    { numRuns: RUNS },
  );
  countCases(t, RUNS);
});

test("frames come out as they went in, whatever the chunks; a missing end is an error", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      async (pieces, size) => {
        const framed = pieces.flatMap((piece) => [frameHeader(piece.length), piece]);
        const whole = Buffer.concat([...framed, FRAMES_END, word(7n)]);
        const reader = new ByteReader(chunked(whole, size));
        const source = new FramedSource(reader, context(38));
        assert.deepEqual(await collect(source), Buffer.concat(pieces));
        await source.drain();
        assert.equal(reader.position, whole.length - 8);
        const broken = new FramedSource(new ByteReader(chunked(Buffer.concat(framed), size)), context(38));
        await assert.rejects(collect(broken), { code: "END_OF_INPUT" });
      },
    ),
    { numRuns: RUNS },
  );
  countCases(t, RUNS);
});

test("what nobody read of framed contents is drained", async () => {
  const whole = Buffer.concat([
    frameHeader(5),
    Buffer.from("hello"),
    frameHeader(1),
    Buffer.from("!"),
    FRAMES_END,
  ]);
  const reader = new ByteReader(chunked(whole, 10));
  const source = new FramedSource(reader, context(38));
  for await (const piece of source) {
    assert.equal(`${piece}`.slice(0, 1), "h");
    break;
  }
  await source.drain();
  assert.equal(reader.position, whole.length);
});

test("a peer that announces much and sends little costs little memory", async () => {
  const before = process.memoryUsage().arrayBuffers;
  for (const { codec, ctx } of [
    { codec: operations.addTextToStore.request as Codec<unknown>, ctx: context(38) },
    { codec: operations.queryValidPaths.request as Codec<unknown>, ctx: context(38) },
  ]) {
    const bytes = Buffer.concat([word(2n ** 23n), word(2n ** 23n), word(0n)]);
    await readOrRefuse((of) => codec.decode(of), { ctx, bytes, size: 8 });
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
});

interface Sent {
  readonly ctx: WireContext;
  readonly bytes: Buffer;
  /** Bytes a chunk. */
  readonly size: number;
}

async function readOrRefuse(decode: (ctx: WireContext) => Decoding<unknown>, { ctx, bytes, size }: Sent) {
  const reader = new ByteReader(chunked(bytes, size));
  try {
    await reader.read(decode(ctx));
    assert.ok(reader.position <= bytes.length);
  } catch (error) {
    if (!(error instanceof ElsewhereError)) throw error;
  }
}

function recordedMessages(): { codec: Codec<unknown>; bytes: Buffer; ctx: WireContext }[] {
  return transcripts("2.26.3")
    .filter(({ protocol, complete }) => protocol === "daemon" && complete)
    .flatMap((transcript) => {
      const { connection: ctx, operations: recorded } = decodeDaemonRecording(transcript);
      return recorded.flatMap(({ operation, request, reply }) => [
        { codec: operation.request, bytes: encodeToBuffer(operation.request, request, ctx), ctx },
        ...(reply === undefined
          ? []
          : [{ codec: operation.reply, bytes: encodeToBuffer(operation.reply, reply, ctx), ctx }]),
      ]);
    });
}

async function* chunked(data: Buffer, size: number) {
  for (let start = 0; start < data.length; start += size) yield data.subarray(start, start + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

function word(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function string(text: string): Buffer {
  return Buffer.concat([
    word(BigInt(text.length)),
    Buffer.from(text),
    Buffer.alloc((8 - (text.length % 8)) % 8),
  ]);
}
