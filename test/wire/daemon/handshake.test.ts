import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ByteReader } from "#base/byte-reader.ts";
import type { LogEvent } from "#nix/log-event.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { encodeToBuffer } from "#wire/codec/codec.ts";
import { type Dialogue, hold } from "#wire/codec/dialogue.ts";
import { text, u64 } from "#wire/codec/primitives.ts";
import {
  type DaemonClientOptions,
  type DaemonServerOptions,
  greetDaemon,
  welcomeClient,
} from "#wire/daemon/handshake.ts";
import { type ServerFrame, serverFrame } from "#wire/daemon/stderr.ts";

const storeDir = DEFAULT_STORE_DIR;
const ctx = { version: 38, features: new Set<string>(), storeDir };

/** Lets a client and a server of ours greet each other over pipes. */
async function meet(client: Partial<DaemonClientOptions>, server: Partial<DaemonServerOptions> = {}) {
  const [up, down] = [new PassThrough(), new PassThrough()];
  const [asClient, asServer] = await Promise.all([
    hold(greetDaemon({ storeDir, ...client }), new ByteReader(down), (bytes) => void up.write(bytes)),
    hold(
      welcomeClient({ storeDir, nixVersion: "2.99", trusted: true, ...server }),
      new ByteReader(up),
      (bytes) => void down.write(bytes),
    ),
  ]);
  return { asClient, asServer };
}

/** What a dialogue makes of bytes that a peer sends whatever it hears. */
function against<T>(dialogue: Dialogue<T>, ...parts: Buffer[]): Promise<T> {
  const source = (async function* () {
    yield Buffer.concat(parts);
  })();
  return hold(dialogue, new ByteReader(source), () => undefined);
}

const number = (value: number) => encodeToBuffer(u64, value, ctx);
const string = (value: string) => encodeToBuffer(text, value, ctx);
const frame = (value: ServerFrame) => encodeToBuffer(serverFrame, value, ctx);
const SERVER_MAGIC = 0x6478696f;
const CLIENT_MAGIC = 0x6e697863;

test("both sides agree on the lower version, and the client hears what that version tells", async () => {
  for (const [ours, theirs] of [
    [38, 38],
    [34, 38],
    [38, 34],
    [38, 35],
    [18, 38],
    [38, 18],
  ] as const) {
    const { asClient, asServer } = await meet({ minor: ours }, { minor: theirs });
    const version = Math.min(ours, theirs);
    assert.equal(asClient.version, version);
    assert.equal(asServer.version, version);
    assert.equal(asClient.nixVersion, version >= 33 ? "2.99" : undefined);
    assert.equal(asClient.trusted, version >= 35 ? true : undefined);
  }
});

test("a server may refuse its trust, or not say", async () => {
  assert.equal((await meet({}, { trusted: false })).asClient.trusted, false);
  assert.equal((await meet({}, { trusted: undefined })).asClient.trusted, undefined);
});

test("features are those that both sides offer", async () => {
  const { asClient, asServer } = await meet(
    { minor: 123, features: ["bar", "aap", "mies", "xyzzy"] },
    { minor: 200, features: ["foo", "bar", "xyzzy"] },
  );
  assert.equal(asClient.version, 123);
  assert.deepEqual([...asClient.features], ["bar", "xyzzy"]);
  assert.deepEqual([...asServer.features], ["bar", "xyzzy"]);
});

test("features are not spoken of before 1.38", async () => {
  const { asClient } = await meet({ features: ["foo"], minor: 37 }, { features: ["foo"] });
  assert.equal(asClient.features.size, 0);
});

test("a client that says all at once, and pins itself to a processor, is welcomed", async () => {
  const agreed = await against(
    welcomeClient({ storeDir, nixVersion: "x", trusted: undefined }),
    number(CLIENT_MAGIC),
    number(256 + 32),
    number(1),
    number(3),
    number(1),
  );
  assert.equal(agreed.version, 32);
});

test("what the server says before it is ready is passed on", async () => {
  const heard: LogEvent[] = [];
  await against(
    greetDaemon({ storeDir, log: (event) => heard.push(event) }),
    number(SERVER_MAGIC),
    number(256 + 33),
    string("2.9"),
    frame({ kind: "log", event: { kind: "message", text: "warning: slow" } }),
    frame({ kind: "last" }),
  );
  assert.deepEqual(heard, [{ kind: "message", text: "warning: slow" }]);
});

test("a server that refuses says why", async () => {
  const failure = { message: "you are not allowed here", level: 0, traces: ["while greeting"] };
  await assert.rejects(
    against(
      greetDaemon({ storeDir }),
      number(SERVER_MAGIC),
      number(256 + 33),
      string("2.9"),
      frame({ kind: "error", failure }),
    ),
    { name: "RemoteError", message: "you are not allowed here\nwhile greeting" },
  );
});

test("a login shell that prints is told apart from a server", async () => {
  await assert.rejects(against(greetDaemon({ storeDir }), Buffer.from("started\nhello, user\n")), (error) => {
    assert.match(`${error}`, /protocol mismatch, got 0x[0-9a-f]+ \('started'\)/);
    assert.match((error as { hint: string }).hint, /print nothing/);
    return true;
  });
});

test("peers that are too old, or of another major version, are named", async () => {
  await assert.rejects(against(greetDaemon({ storeDir }), number(SERVER_MAGIC), number(256 + 17)), {
    code: "PROTOCOL_VERSION",
    message: /server version is too old: it speaks protocol 1\.17/,
  });
  const server = welcomeClient({ storeDir, nixVersion: "x", trusted: true });
  await assert.rejects(against(server, number(CLIENT_MAGIC), number(512)), {
    code: "PROTOCOL_VERSION",
    message: "Cannot talk to the client: it speaks protocol 2.0, this program 1.x",
  });
});
