import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type TestContext, test } from "node:test";
import { ByteReader } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import { serveCommands } from "#serve/serve/session.ts";
import { copyClosure } from "#store/copy.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import type { Store } from "#store/store.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { encodeToBuffer } from "#wire/codec/codec.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { welcomeClient } from "#wire/daemon/handshake.ts";
import { serverFrame } from "#wire/daemon/stderr.ts";
import { narOfFile } from "../store/local/local-rig.ts";
import { infoOf, LIED_ABOUT, LIES, NEVER_MADE } from "./lies.ts";
import { LyingStore } from "./lying-store.ts";
import { streamPair } from "./stream-pair.ts";
import { openVictim } from "./victim.ts";

const PROTOCOLS = ["daemon", "serve"] as const;

for (const protocol of PROTOCOLS)
  for (const lie of LIES)
    test(`${protocol}: a server that sends ${lie.what} gets nothing into the store`, async (t) => {
      const victim = await openVictim(t);
      const hostile = behind(t, protocol, new LyingStore(lie));
      await assert.rejects(
        copyClosure(hostile, victim.store, [lie.info.path], { checkSignatures: false }),
        ElsewhereError,
      );
      await hostile[Symbol.asyncDispose]();
      await victim.assertUntouched();
    });

for (const protocol of PROTOCOLS)
  test(`${protocol}: a path without a signature is refused`, async (t) => {
    const victim = await openVictim(t);
    const nar = narOfFile("x");
    const hostile = behind(t, protocol, new LyingStore({ nar, info: infoOf(nar) }));
    await assert.rejects(copyClosure(hostile, victim.store, [LIED_ABOUT]), { code: "UNTRUSTED_PATH" });
    await hostile[Symbol.asyncDispose]();
    await victim.assertUntouched();
  });

for (const protocol of PROTOCOLS)
  test(`${protocol}: paths that nobody asked for are not taken`, async (t) => {
    const victim = await openVictim(t);
    const nar = narOfFile("x");
    const info = infoOf(nar);
    const hostile = behind(t, protocol, new LyingStore({ nar, info }, [infoOf(nar, NEVER_MADE)]));
    await copyClosure(hostile, victim.store, [LIED_ABOUT], { checkSignatures: false }).catch((error) =>
      assert.ok(error instanceof ElsewhereError),
    );
    assert.equal((await victim.store.queryValidPaths([NEVER_MADE])).size, 0);
  });

const word = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const LAST = encodeToBuffer(
  serverFrame,
  { kind: "last" },
  { version: 38, features: new Set(), storeDir: DEFAULT_STORE_DIR },
);

/** What a server might answer instead of a list of paths. */
const ANSWERS: readonly (readonly [string, () => Iterable<Uint8Array>])[] = [
  ["a list of a number of items that no store has", () => [LAST, word(2n ** 40n)]],
  ["a number above all numbers", () => [LAST, word(2n ** 64n - 1n)]],
  ["a text of the size of a disk", () => [LAST, word(1n), word(2n ** 42n)]],
  ["a list that never ends", () => endless([LAST, word(8_000_000n)], pathWords())],
  ["a frame that nobody knows", () => [word(0x12345678n)]],
  ["an error with endless traces", () => endless([word(0x63787470n), ...errorStart()], Buffer.alloc(16_000))],
  ["a log that takes no end", () => limited(logFrames(), 300 * 1024 * 1024)],
  ["noise", () => [Buffer.from("\x07Last login: yesterday from the moon\r\n".repeat(40))]],
  ["nothing more", () => []],
];

for (const [what, answer] of ANSWERS)
  test(`a server that answers with ${what} gets an error, and little memory`, async (t) => {
    const before = process.memoryUsage().rss;
    const store = scripted(t, answer);
    await assert.rejects(store.queryValidPaths([LIED_ABOUT]), ElsewhereError);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < MEMORY_BYTES_MAX, `it took ${Math.round(grown / 2 ** 20)} MB`);
  });

/** A server of ours over a store that lies. */
function behind(t: TestContext, protocol: (typeof PROTOCOLS)[number], lying: Store): Store {
  const connect = async (): Promise<ByteStream> => {
    const [ours, theirs] = streamPair();
    const client = new ClientConnection(theirs);
    const served = { store: lying, realiser: () => Promise.reject(new Error("it builds nothing")) };
    const serving =
      protocol === "daemon"
        ? serveDaemon(client, { served, trusted: true, nixVersion: "2.34.0" })
        : serveCommands(client, { served, trusted: true, mayWrite: true, log: () => undefined });
    void serving.catch(() => undefined).finally(() => client.drop());
    return ours;
  };
  const parts = { uri: "ssh-ng://hostile", storeDir: DEFAULT_STORE_DIR, connect };
  const store = protocol === "daemon" ? new DaemonStore(parts) : new ServeStore(parts);
  t.after(() => store[Symbol.asyncDispose]());
  return store;
}

/** A server that greets well, and then says what it says. */
function scripted(t: TestContext, answer: () => Iterable<Uint8Array>): Store {
  const connect = async (): Promise<ByteStream> => {
    const [ours, theirs] = streamPair();
    void speak(theirs, answer)
      .catch(() => undefined)
      .finally(() => theirs[Symbol.asyncDispose]());
    return ours;
  };
  const store = new DaemonStore({ uri: "ssh-ng://hostile", storeDir: DEFAULT_STORE_DIR, connect });
  t.after(() => store[Symbol.asyncDispose]());
  return store;
}

async function speak(stream: ByteStream, answer: () => Iterable<Uint8Array>): Promise<void> {
  const reader = new ByteReader(stream.source);
  const greeting = welcomeClient({ storeDir: DEFAULT_STORE_DIR, nixVersion: "2.34.0", trusted: true });
  await hold(greeting, reader, (bytes) => stream.write(bytes));
  for (const chunk of answer()) await stream.write(chunk);
  stream.end();
}

function* endless(first: readonly Uint8Array[], rest: Uint8Array): Generator<Uint8Array> {
  yield* first;
  for (;;) yield rest;
}

function* limited(source: Iterable<Uint8Array>, bytesMax: number): Generator<Uint8Array> {
  let bytes = 0;
  for (const chunk of source) {
    yield chunk;
    bytes += chunk.length;
    if (bytes > bytesMax) return;
  }
}

function* logFrames(): Generator<Uint8Array> {
  const ctx = { version: 38, features: new Set<string>(), storeDir: DEFAULT_STORE_DIR };
  const text = "x".repeat(100_000);
  const frame = encodeToBuffer(serverFrame, { kind: "log", event: { kind: "message", text } }, ctx);
  for (;;) yield frame;
}

function errorStart(): Buffer[] {
  const text = (said: string) =>
    Buffer.concat([word(BigInt(said.length)), Buffer.from(said.padEnd(8, "\0"))]);
  return [text("Error"), word(0n), text("Error"), text("no"), word(0n), word(8_000_000n)];
}

function pathWords(): Buffer {
  const path = `${DEFAULT_STORE_DIR}/${LIED_ABOUT}`;
  const padded = Buffer.alloc(Math.ceil(path.length / 8) * 8);
  padded.write(path);
  return Buffer.concat(Array.from({ length: 1000 }, () => [word(BigInt(path.length)), padded]).flat());
}

/** What a client may take beyond what it takes anyway. */
const MEMORY_BYTES_MAX = 250 * 1024 * 1024;
