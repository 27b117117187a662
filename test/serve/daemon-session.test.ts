import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Deferred } from "#base/deferred.ts";
import { BARE_RESULT, type BuildResult, type KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { sha256 } from "#nix/hash.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import type { ServedStore } from "#serve/served-store.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { openLocalStore } from "#store/local/open.ts";
import type { RealiseOptions, Realiser } from "#store/realiser.ts";
import { bytes, u64 } from "#wire/codec/primitives.ts";
import { operations } from "#wire/daemon/operations.ts";
import { TalkingClient } from "./talking-client.ts";

const path = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-hi");
const drvPath = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-hi.drv");
const BUILT: BuildResult = { ...BARE_RESULT, status: "Built", timesBuilt: 1 };

let folder: string;
let store: LocalStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "elsewhere-session-"));
  store = await openLocalStore({ root: folder });
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test("a client that hangs up in mid-build has the build aborted at once", async () => {
  const started = new Deferred<AbortSignal>();
  const stopped = new Deferred<void>();
  const { client, ended } = serveTo({
    build: async (_, { signal }) => {
      signal.addEventListener("abort", () => stopped.resolve());
      started.resolve(signal);
      await stopped.promise;
      return { ...BUILT, status: "MiscFailure" };
    },
  });
  await client.greet();
  client.ask(operations.buildDerivation, { target: { drvPath, derivation: derivation() }, mode: "normal" });
  const signal = await started.promise;
  assert.equal(signal.aborted, false);
  client.hangUp();
  await ended;
  assert.equal(signal.aborted, true);
});

test("what a builder says reaches the client while it builds, line by line, before the result", async () => {
  const { client, ended } = serveTo({
    build: async (_, { log }) => {
      log({ kind: "start", id: 7, level: 3, type: 105, text: "building", fields: [], parent: 0 });
      log({ kind: "result", id: 7, type: 101, fields: ["hello"] });
      log({ kind: "stop", id: 7 });
      return BUILT;
    },
  });
  await client.greet();
  client.ask(operations.buildDerivation, { target: { drvPath, derivation: derivation() }, mode: "normal" });
  const kinds = (await client.hearFrames()).map((frame) =>
    frame.kind === "log" ? frame.event.kind : frame.kind,
  );
  assert.deepEqual(kinds, ["start", "result", "stop", "last"]);
  assert.equal((await client.hear(operations.buildDerivation.reply)).status, "Built");
  client.hangUp();
  await ended;
});

test("an upload that is refused is read to its end, and the connection works on", async () => {
  const { client, ended } = serveTo({});
  await client.greet();
  const info = {
    path,
    narHash: sha256("not this"),
    narSize: 0,
    references: [],
    registrationTime: 0,
    ultimate: false,
    signatures: [],
  };
  client.ask(operations.addToStoreNar, { info, repair: false, dontCheckSignatures: true });
  client.sayFrames(Buffer.from("no NAR at all, but"), Buffer.alloc(100_000));
  assert.match(await client.hearError(), /NAR|archive/i);
  client.ask(operations.isValidPath, { path });
  assert.equal(await client.hearReply(operations.isValidPath), false);
  client.hangUp();
  await ended;
});

test("an argument that cannot be understood is answered twice, and the conversation ends", async () => {
  const { client, ended } = serveTo({});
  await client.greet();
  client.say(u64, operations.isValidPath.code);
  client.say(bytes, Buffer.from("/etc/passwd"));
  assert.match(await client.hearError(), /is not in the Nix store/);
  assert.match(await client.hearError(), /is not in the Nix store/);
  await ended;
  assert.equal(await client.hearEnd(), true);
});

test("an operation that nobody knows ends the conversation too", async () => {
  const { client, ended } = serveTo({});
  await client.greet();
  client.say(u64, 9999);
  assert.match(await client.hearError(), /invalid operation 9999/);
  await client.hearError();
  await ended;
  assert.equal(await client.hearEnd(), true);
});

test("who is not trusted may not build what is input-addressed, and is told what to do", async () => {
  const { client, ended } = serveTo({ trusted: false });
  assert.equal((await client.greet()).trusted, false);
  client.ask(operations.buildDerivation, { target: { drvPath, derivation: derivation() }, mode: "normal" });
  const said = await client.hearError();
  assert.match(said, /you are not privileged to build input-addressed derivations/);
  assert.match(said, /trusted-users/);
  client.hangUp();
  await ended;
});

test("what is content-addressed is built for him, under the path that it really has", async () => {
  const asked = new Deferred<string>();
  const { client, ended } = serveTo({
    trusted: false,
    build: async (drv) => {
      asked.resolve(drv);
      return BUILT;
    },
  });
  await client.greet();
  const floating = { kind: "floating", method: "nar", algorithm: "sha256" } as const;
  const target = { drvPath, derivation: { ...derivation(), outputs: new Map([["out", floating]]) } };
  client.ask(operations.buildDerivation, { target, mode: "normal" });
  await client.hearReply(operations.buildDerivation);
  const written = parseStorePathBaseName(await asked.promise);
  assert.notEqual(written, drvPath);
  assert.ok((await store.queryValidPaths([written])).has(written));
  client.hangUp();
  await ended;
});

for (const [name, ask] of [
  [
    "repair paths",
    (client: TalkingClient) => client.ask(operations.verifyStore, { checkContents: false, repair: true }),
  ],
  [
    "repair builds",
    (client: TalkingClient) => client.ask(operations.buildPaths, { paths: [], mode: "repair" }),
  ],
  [
    "make permanent roots",
    (client: TalkingClient) => client.ask(operations.addPermRoot, { path, link: "/tmp/no" }),
  ],
  [
    "add logs",
    (client: TalkingClient) => {
      client.ask(operations.addBuildLog, { drvPath });
      client.sayFrames(Buffer.from("a log"));
    },
  ],
] as const)
  test(`who is not trusted may not ${name}, and the connection works on`, async () => {
    const { client, ended } = serveTo({ trusted: false });
    await client.greet();
    ask(client);
    assert.match(await client.hearError(), /not privileged|not allowed/);
    client.ask(operations.isValidPath, { path });
    assert.equal(await client.hearReply(operations.isValidPath), false);
    client.hangUp();
    await ended;
  });

test("a hundred questions asked at once are all answered, in order", async () => {
  const { client, ended } = serveTo({});
  await client.greet();
  for (let i = 0; i < 100; i++) client.ask(operations.isValidPath, { path });
  for (let i = 0; i < 100; i++) assert.equal(await client.hearReply(operations.isValidPath), false);
  client.hangUp();
  await ended;
});

test("a build that was ended for another's failure is told of after it, in words of Nix", async () => {
  const other = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-other.drv");
  const asked = (drv: StorePath): DerivedPath => ({ kind: "built", drvPath: drv, outputs: ["out"] });
  const { client, ended } = serveTo({
    results: [
      { ...BARE_RESULT, status: "Cancelled", path: asked(drvPath) },
      { ...BARE_RESULT, status: "PermanentFailure", errorMessage: "builder failed", path: asked(other) },
    ],
  });
  await client.greet();
  client.ask(operations.buildPathsWithResults, { paths: [asked(drvPath), asked(other)], mode: "normal" });
  const told = await client.hearReply(operations.buildPathsWithResults);
  assert.deepEqual(
    told.map(({ path: one, status }) => [one.kind === "built" && one.drvPath, status]),
    [
      [other, "PermanentFailure"],
      [drvPath, "MiscFailure"],
    ],
  );
  client.hangUp();
  await ended;
});

interface Served {
  readonly trusted?: boolean;
  readonly results?: KeyedBuildResult[];
  readonly build?: (drvPath: string, options: RealiseOptions) => Promise<BuildResult>;
}

function serveTo({ trusted = true, build, results = [] }: Served): {
  client: TalkingClient;
  ended: Promise<void>;
} {
  const client = new TalkingClient();
  const realiser: Realiser = {
    buildDerivation: async (drv, _, options) => (build ? await build(drv, options) : BUILT),
    buildPaths: async () => results,
    queryMissing: () => Promise.reject(new Error("nobody asks")),
  };
  const served: ServedStore = { store, realiser: async () => realiser };
  return { client, ended: converse(client, served, trusted) };
}

async function converse(client: TalkingClient, served: ServedStore, trusted: boolean): Promise<void> {
  const { stream } = client;
  await using connection = new ClientConnection(stream);
  await serveDaemon(connection, { served, trusted, nixVersion: "test" });
  await connection.writer.flush();
  stream.end();
}

function derivation(): BasicDerivation {
  return {
    name: "hi",
    outputs: new Map([["out", { kind: "input-addressed", path }]]),
    inputSources: [],
    system: "x86_64-linux",
    builder: "/bin/sh",
    args: [],
    env: new Map(),
  };
}
