import assert from "node:assert/strict";
import { test } from "node:test";
import type { BasicDerivation } from "#nix/derivation.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName } from "#nix/store-path.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import { serveCommands } from "#serve/serve/session.ts";
import { copyClosure } from "#store/copy.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import type { Realiser } from "#store/realiser.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import type { Store } from "#store/store.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { withoutSandbox } from "../build/local/build-rig.ts";
import { Disk, Machine } from "../replay/machine.ts";
import { addAll, chainOf } from "../store/local/local-rig.ts";
import { Channel } from "./talking-client.ts";

for (const minor of [32, 33, 34, 35, 36, 37, 38])
  for (const older of ["client", "server"] as const)
    test(`a ${older} that speaks 1.${minor} copies, builds and collects`, {
      skip: withoutSandbox,
    }, async () => {
      using disk = new Disk();
      await using machine = await Machine.on(disk);
      const session = { served: machine, trusted: true, nixVersion: "2.34.8" };
      await using remote = new DaemonStore({
        uri: "ssh-ng://older",
        storeDir: DEFAULT_STORE_DIR,
        ...(older === "client" && { minor }),
        connect: async () =>
          talk((client) => serveDaemon(client, { ...session, ...(older === "server" && { minor }) })),
      });
      const { protocol, nixVersion, trusted } = await remote.ping();
      assert.equal(protocol, `1.${minor}`);
      assert.equal(nixVersion, minor >= 33 ? "2.34.8" : undefined);
      assert.equal(trusted, minor >= 35 ? true : undefined);
      await copyBothWays(remote);
      await build(remote);
      const { paths: live } = await remote.collectGarbage({ action: "return-live" });
      assert.ok(
        live.some((path) => path.endsWith(OUT)),
        "what its own client just built is kept",
      );
    });

for (const minor of [5, 6, 7, 8])
  for (const older of ["client", "server"] as const)
    test(`a ${older} that speaks serve 2.${minor} copies and builds`, {
      skip: withoutSandbox,
    }, async () => {
      using disk = new Disk();
      await using machine = await Machine.on(disk);
      const session = { served: machine, trusted: true, mayWrite: true, log: () => undefined };
      await using remote = new ServeStore({
        uri: "ssh://older",
        storeDir: DEFAULT_STORE_DIR,
        ...(older === "client" && { minor }),
        connect: async () =>
          talk((client) => serveCommands(client, { ...session, ...(older === "server" && { minor }) })),
      });
      assert.equal((await remote.ping()).protocol, `2.${minor}`);
      await copyBothWays(remote);
      await build(remote);
    });

/** The client's end of a conversation in memory with a server. */
function talk(serve: (client: ClientConnection) => Promise<void>): ByteStream {
  const up = new Channel();
  const down = new Channel();
  const end = (source: Channel, sink: Channel, peer: string): ByteStream => ({
    peer,
    source,
    closed: new Promise(() => undefined),
    write: (bytes) => sink.push(bytes),
    end: () => sink.end(),
    [Symbol.asyncDispose]: async () => sink.end(),
  });
  void (async () => {
    await using client = new ClientConnection(end(up, down, "a client"));
    await serve(client);
  })().finally(() => down.end());
  return end(down, up, "a server");
}

async function copyBothWays(remote: Store): Promise<void> {
  using disk = new Disk();
  await using local = await Machine.on(disk);
  const samples = chainOf(4, { seed: "sent" });
  await addAll(local.store, samples);
  const top = samples.at(-1)!.info.path;
  assert.equal((await copyClosure(local.store, remote, [top], UNSIGNED)).length, 4);
  using home = new Disk();
  await using empty = await Machine.on(home);
  assert.equal((await copyClosure(remote, empty.store, [top], UNSIGNED)).length, 4);
}

async function build(remote: Realiser & Store): Promise<void> {
  const built = await remote.buildDerivation(DRV, derivation("echo built > $out"), QUIET);
  assert.equal(built.status, "Built", built.errorMessage);
  assert.ok((await remote.queryValidPaths([OUT])).has(OUT));
  const failed = await remote.buildDerivation(OTHER_DRV, derivation("exit 3", OTHER), QUIET);
  assert.equal(failed.status, "PermanentFailure");
  assert.match(failed.errorMessage, /exit code 3/);
}

function derivation(script: string, path = OUT): BasicDerivation {
  return {
    name: "thing",
    outputs: new Map([["out", { kind: "input-addressed", path }]]),
    inputSources: [],
    system: "x86_64-linux",
    builder: "/bin/sh",
    args: ["-c", script],
    env: new Map([["out", `${DEFAULT_STORE_DIR}/${path}`]]),
  };
}

const OUT = parseStorePathBaseName(`${"a".repeat(32)}-thing`);
const OTHER = parseStorePathBaseName(`${"b".repeat(32)}-thing`);
const DRV = parseStorePathBaseName(`${"c".repeat(32)}-thing.drv`);
const OTHER_DRV = parseStorePathBaseName(`${"d".repeat(32)}-thing.drv`);
const UNSIGNED = { checkSignatures: false } as const;
const QUIET = {
  mode: "normal",
  settings: {},
  signal: new AbortController().signal,
  log: () => undefined,
} as const;
