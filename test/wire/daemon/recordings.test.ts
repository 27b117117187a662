import assert from "node:assert/strict";
import { test } from "node:test";
import { ElsewhereError } from "#base/errors.ts";
import { decodeDaemonRecording, type RecordedOperation } from "#rig/daemon-recording.ts";
import { withoutShared } from "#rig/shared.ts";
import { probes, type Transcript, transcripts } from "#rig/transcripts.ts";

for (const release of ["2.8.0", "2.26.3", "c2.8.0-s2.34.8"])
  test(`every worker connection of ${release} is understood to its last byte, and rewritten`, {
    skip: withoutShared,
  }, () => {
    const connections = transcripts(release).filter(isAnsweredDaemon);
    const seen = new Set<string>();
    for (const connection of connections) {
      const { operations, restOfClient, restOfServer } = decode(connection);
      assert.equal(restOfClient.length + restOfServer.length, 0, `bytes are left in ${connection.name}`);
      if (connection.complete) for (const each of operations) assert.ok(isAnswered(each), connection.name);
      for (const { operation } of operations) seen.add(operation.name);
    }
    assert.ok(connections.length >= 60, `only ${connections.length} connections`);
    assert.ok(seen.size >= 16, `only ${[...seen]}`);
  });

test("whatever version a client announces, stock servers' answers are understood", {
  skip: withoutShared,
}, () => {
  const versions = probes().filter(({ scenario }) => /^W-version-1\.(1[89]|[2-9].)$/.test(scenario));
  assert.ok(versions.length >= 40, `only ${versions.length} probes`);
  for (const probe of versions) {
    const { operations, restOfClient, restOfServer } = decode(probe);
    assert.equal(restOfClient.length + restOfServer.length, 0, `bytes are left in ${probe.name}`);
    assert.ok(operations.length >= 4 && operations.every(isAnswered), probe.name);
  }
});

test("hand-made requests are understood, or refused where stock servers refuse them", {
  skip: withoutShared,
}, () => {
  const refused = new Set<string>();
  const usable = probes().filter(
    ({ protocol, complete, scenario }) => protocol === "daemon" && complete && !TOO_OLD.test(scenario),
  );
  for (const probe of usable) {
    try {
      const { restOfClient, restOfServer } = decodeDaemonRecording(probe);
      assert.equal(restOfClient.length + restOfServer.length, 0, `bytes are left in ${probe.name}`);
    } catch (error) {
      if (!(error instanceof ElsewhereError))
        throw new Error(`Cannot follow ${probe.name}`, { cause: error });
      refused.add(probe.scenario);
    }
  }
  assert.deepEqual([...refused].sort(), REFUSED);
  assert.ok(usable.length >= 200, `only ${usable.length} probes`);
});

/** Below the versions that we speak. */
const TOO_OLD = /^W-version-1\.1[0-7]$/;
/** Texts that are no store paths, numbers that mean nothing, and a client of another major version. */
const REFUSED = [
  "W-add-empty-frames",
  "W-addlog-fullpath",
  "W-bad-magic",
  "W-buildpaths-mode9",
  "W-client-2.0",
  "W-gc-bad-action",
  "W-isvalid-bad-name",
  "W-isvalid-not-a-path",
  "W-isvalid-relative",
  "W-unknown-op",
];

function isAnsweredDaemon({ protocol, fromServer }: Transcript): boolean {
  return protocol === "daemon" && fromServer.length > 0;
}

function isAnswered({ frames }: RecordedOperation): boolean {
  return frames.at(-1)?.kind === "last" || frames.at(-1)?.kind === "error";
}

function decode(connection: Transcript) {
  try {
    return decodeDaemonRecording(connection);
  } catch (cause) {
    throw new Error(`Cannot follow ${connection.name}: ${cause}`, { cause });
  }
}
