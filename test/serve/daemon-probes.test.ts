import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import {
  type DaemonRecording,
  decodeDaemonRecording,
  type RecordedOperation,
} from "#rig/daemon-recording.ts";
import { withoutShared } from "#rig/shared.ts";
import { probes, type Transcript } from "#rig/transcripts.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import { openLocalStore } from "#store/local/open.ts";
import { RecordedClient } from "./memory-stream.ts";
import { RecordedPaths } from "./recorded-paths.ts";

const folder = mkdtempSync(join(tmpdir(), "elsewhere-probes-"));
/** A store in the state that most probes found. */
const prepared = join(folder, "prepared");

before(async () => {
  if (withoutShared) return;
  const paths = operationOf(probeNamed("W-allvalid"), "QueryAllValidPaths").reply as StorePath[];
  await using store = await openLocalStore({ root: prepared });
  await new RecordedPaths("2.26.3").install(store, paths);
});

after(() => rmSync(folder, { recursive: true, force: true }));

for (const release of ["2.8.0", "2.26.3"])
  test(`every probe that builds nothing is answered as Nix ${release} answers it`, {
    skip: withoutShared,
  }, async () => {
    const asked = probes().filter((probe) => probe.release === release && isComparable(probe));
    assert.ok(asked.length >= 55, `only ${asked.length} probes`);
    for (const probe of asked) await compare(probe);
  });

/** Both servers are asked the same, in the same state; what they say must mean the same. */
async function compare(probe: Transcript): Promise<void> {
  const expected = decodeDaemonRecording(probe);
  const heard = await askOurs(probe);
  const found = decodeDaemonRecording({ ...probe, fromServer: heard });
  assert.deepEqual(found.operations.map(meaningOf), expected.operations.map(meaningOf), probe.name);
  assert.equal(
    found.restOfClient.length,
    expected.restOfClient.length,
    `${probe.name}: it stopped elsewhere`,
  );
}

async function askOurs({ name, fromClient, scenario }: Transcript): Promise<Buffer> {
  const root = join(folder, name.replace("/", "-"));
  if (!STARTS_EMPTY.test(scenario)) cpSync(prepared, root, { recursive: true, preserveTimestamps: true });
  await using store = await openLocalStore({ root });
  const client = new RecordedClient(fromClient);
  await using connection = new ClientConnection(client, { stillListens: async () => true });
  const served = {
    store,
    realiser: () => Promise.reject(new ElsewhereError("UNSUPPORTED", "nothing is built in this test")),
  };
  await serveDaemon(connection, { served, trusted: true, nixVersion: "test" });
  await connection.writer.flush();
  return client.heard;
}

/** What an answer says, without what differs from run to run. */
function meaningOf({ operation, reply, frames, nar }: RecordedOperation): unknown {
  const failed = frames.at(-1)?.kind === "error";
  return { name: operation.name, failed, reply: failed ? undefined : withoutTimes(reply), nar };
}

function withoutTimes(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(withoutTimes);
  if (typeof reply !== "object" || reply === null || reply instanceof Map) return reply;
  const { registrationTime: _, bytesFreed: __, ...rest } = reply as Record<string, unknown>;
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withoutTimes(value)]));
}

function isComparable({ protocol, complete, scenario }: Transcript): boolean {
  return protocol === "daemon" && complete && !BUILDS.test(scenario) && !OUTSIDE.test(scenario);
}

function probeNamed(scenario: string): Transcript {
  const found = probes().find((probe) => probe.release === "2.26.3" && probe.scenario === scenario);
  assert.ok(found, scenario);
  return found;
}

function operationOf(probe: Transcript, name: string): RecordedOperation {
  const recording: DaemonRecording = decodeDaemonRecording(probe);
  const found = recording.operations.find(({ operation }) => operation.name === name);
  assert.ok(found, name);
  return found;
}

const STARTS_EMPTY = /^W-(add(?!log|sigs|-text-refs|multi-0))/;
/** Those that need a builder, which e2e tests have. */
const BUILDS = /^W-(b|ensure-unknown|setoptions|version|missing)/;
/** Requests that no decoder follows; versions that we do not speak; what writes outside of the store; a NAR with bytes after it, which stock servers keep. */
const OUTSIDE =
  /^W-(version-1\.1[0-7]|add-empty-frames|addlog-fullpath|bad-magic|gc-bad-action|client-2|isvalid-(bad|not|rel)|unknown-op|permroot|indirectroot|addmulti-short|add-nar-trailing)/;
