import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import { forward } from "#serve/forward.ts";
import { serveCommands } from "#serve/serve/session.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import type { Store } from "#store/store.ts";
import { NodeByteStream } from "#transport/node-stream.ts";
import { operations } from "#wire/daemon/operations.ts";
import { PLAIN_SETTINGS } from "../serve/plain-settings.ts";
import { TalkingClient } from "../serve/talking-client.ts";
import { addressedSample, fileSample, incoming } from "../store/local/local-rig.ts";
import { LIES } from "./lies.ts";
import { streamPair } from "./stream-pair.ts";
import { openVictim } from "./victim.ts";

const PROTOCOLS = ["daemon", "serve"] as const;

/** Over the serve protocol a NAR ends where its grammar says: a server waits for the rest of one that is cut off. */
const CUT_OFF: ReadonlySet<string> = new Set([
  "a file that is longer than the archive",
  "an end in the middle",
]);

for (const protocol of PROTOCOLS)
  for (const lie of LIES.filter(({ what }) => protocol === "daemon" || !CUT_OFF.has(what)))
    test(`${protocol}: a trusted client that sends ${lie.what} gets nothing into the store`, async (t) => {
      const victim = await openVictim(t);
      const door = doorTo(t, victim, { protocol, trusted: true });
      await assert.rejects(door.addPaths(incoming([lie]), { checkSignatures: false }));
      await door[Symbol.asyncDispose]();
      await victim.assertUntouched();
    });

for (const protocol of PROTOCOLS)
  test(`${protocol}: a client that nobody trusts cannot do without a signature`, async (t) => {
    const victim = await openVictim(t);
    const door = doorTo(t, victim, { protocol, trusted: false });
    const unsigned = fileSample("unsigned", "x");
    await assert.rejects(door.addPaths(incoming([unsigned]), { checkSignatures: false }));
    await door[Symbol.asyncDispose]();
    await victim.assertUntouched();
  });

for (const protocol of PROTOCOLS)
  test(`${protocol}: a client that nobody trusts cannot say that a path was built here`, async (t) => {
    const victim = await openVictim(t);
    const door = doorTo(t, victim, { protocol, trusted: false });
    const { info, nar } = addressedSample("said", "x");
    await door.addPaths(incoming([{ info: { ...info, ultimate: true }, nar }]), { checkSignatures: false });
    const found = (await victim.store.queryPathInfos([info.path])).get(info.path);
    assert.equal(found?.ultimate, false);
  });

for (const protocol of PROTOCOLS)
  test(`${protocol}: a client that nobody trusts has nothing added by a relay to a store that checks nothing`, async (t) => {
    const victim = await openVictim(t);
    const store = doorTo(t, victim, { protocol: "serve", trusted: true });
    const door = doorTo(t, { store }, { protocol, trusted: false });
    for (const sample of [fileSample("unsigned", "x"), addressedSample("addressed", "x")])
      await assert.rejects(door.addPaths(incoming([sample]), { checkSignatures: false }));
    await door[Symbol.asyncDispose]();
    await victim.assertUntouched();
  });

test("after a lie on one connection the next one is served", async (t) => {
  const victim = await openVictim(t);
  const door = doorTo(t, victim, { protocol: "daemon", trusted: true });
  await assert.rejects(door.addPaths(incoming([LIES[0]!]), { checkSignatures: false }));
  const good = fileSample("good", "x");
  await door.addPaths(incoming([good]), { checkSignatures: false });
  assert.equal((await victim.store.queryValidPaths([good.info.path])).size, 1);
});

const word = (value: bigint | number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (said: string) =>
  Buffer.concat([word(said.length), Buffer.from(said), Buffer.alloc((8 - (said.length % 8)) % 8)]);
const HELLO = Buffer.concat([word(0x6e697863), word(0x125), word(0), word(0)]);
const PATHS = Buffer.concat(
  Array.from({ length: 1000 }, (_, i) => text(`${DEFAULT_STORE_DIR}/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-n${i}`)),
);
const PAIRS = Buffer.concat(Array.from({ length: 1000 }, (_, i) => [text(`a${i}`), word(0)]).flat());

/** What a client might say, and how many bytes of it at most. */
const FLOODS: readonly (readonly [string, readonly Buffer[], Buffer])[] = [
  ["a list of paths without end", [HELLO, word(31), word(8_000_000)], PATHS],
  ["settings without end", [HELLO, word(19), Buffer.alloc(12 * 8), word(500_000)], PAIRS],
  ["a text without end", [HELLO, word(31), word(1), word(2n ** 52n)], Buffer.alloc(65536, 97)],
  ["noise instead of a greeting", [], Buffer.alloc(65536, 97)],
];

for (const [what, first, rest] of FLOODS)
  test(`a server that is sent ${what} ends the conversation, and takes little memory`, {
    skip: process.platform !== "linux" && "memory is read from /proc",
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-flood-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const child = spawn(PROGRAM, ["serve", "--stdio", "--store", join(folder, "store")], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    t.after(() => child.kill("SIGKILL"));
    let gone = false;
    child.stdin.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => {
      child.stdin.once("close", () => {
        gone = true;
        resolve();
      });
    });
    for (const piece of first) child.stdin.write(piece);
    let peakBytes = 0;
    for (let sent = 0; sent < FLOOD_BYTES_MAX && !gone; sent += rest.length) {
      if (!child.stdin.write(rest)) await Promise.race([drained(child.stdin), closed]);
      peakBytes = Math.max(peakBytes, peakOf(child.pid!));
    }
    assert.ok(peakBytes < MEMORY_BYTES_MAX, `it took ${Math.round(peakBytes / 2 ** 20)} MB`);
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    assert.equal(child.signalCode, null);
    const store = join(folder, "store/nix/store");
    assert.deepEqual(
      readdirOrNone(store).filter((name) => name !== ".links"),
      [],
    );
  });

test("a client that has the store opened again and again is refused, and the conversation goes on", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-openings-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const words = ["serve", "--stdio", "--force-untrusted", "--store", join(folder, "store")];
  const child = spawn(PROGRAM, words, { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const client = new TalkingClient();
  const server = {
    peer: "a server",
    input: child.stdout,
    output: child.stdin,
    close: () => void child.kill(),
  };
  void forward(client.stream, new NodeByteStream(server));
  await client.greet();
  for (let seconds = 100; seconds < 131; seconds++) await set(client, seconds);
  await assert.rejects(set(client, 131), /above the limit/);
  client.ask(operations.isValidPath, { path: fileSample("good", "x").info.path });
  assert.equal(await client.hearReply(operations.isValidPath), false);
  client.hangUp();
  await ended;
});

async function set(client: TalkingClient, connectTimeoutS: number): Promise<void> {
  const overrides = new Map([["connect-timeout", `${connectTimeoutS}`]]);
  client.ask(operations.setOptions, { ...PLAIN_SETTINGS, overrides });
  await client.hearReply(operations.setOptions);
}

function doorTo(
  t: TestContext,
  { store }: { readonly store: Store },
  { protocol, trusted }: { protocol: (typeof PROTOCOLS)[number]; trusted: boolean },
): Store {
  const connect = async () => {
    const [ours, theirs] = streamPair();
    const client = new ClientConnection(theirs);
    const served = { store, realiser: () => Promise.reject(new Error("it builds nothing")) };
    const serving =
      protocol === "daemon"
        ? serveDaemon(client, { served, trusted, nixVersion: "2.34.0" })
        : serveCommands(client, { served, trusted, mayWrite: true, log: () => undefined });
    void serving.catch(() => undefined).finally(() => client.drop());
    return ours;
  };
  const parts = { uri: "ssh-ng://victim", storeDir: DEFAULT_STORE_DIR, connect };
  const door = protocol === "daemon" ? new DaemonStore(parts) : new ServeStore(parts);
  t.after(() => door[Symbol.asyncDispose]());
  return door;
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.once("drain", () => resolve()));
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function readdirOrNone(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const PROGRAM = join(import.meta.dirname, "../../bin/elsewhere");
const FLOOD_BYTES_MAX = 160 * 1024 * 1024;
const MEMORY_BYTES_MAX = 300 * 1024 * 1024;
