import assert from "node:assert/strict";
import { test } from "node:test";
import { ElsewhereError } from "#base/errors.ts";
import { decodeServeRecording } from "#rig/serve-recording.ts";
import { withoutShared } from "#rig/shared.ts";
import { probes, type Transcript, transcripts } from "#rig/transcripts.ts";

for (const release of ["2.8.0", "2.26.3", "c2.8.0-s2.34.8"])
  test(`every serve connection of ${release} is understood to its last byte, and rewritten`, {
    skip: withoutShared,
  }, () => {
    const connections = transcripts(release).filter(isAnsweredServe);
    const seen = new Set<string>();
    for (const connection of connections) {
      const { commands, restOfServer } = decode(connection);
      assert.equal(restOfServer.length, 0, `bytes are left in ${connection.name}`);
      for (const { command } of commands) seen.add(command.name);
    }
    assert.ok(connections.length >= 50, `only ${connections.length} connections`);
    assert.ok(seen.size >= 6, `only ${[...seen]}`);
  });

test("whatever version a client announces, stock servers' answers are understood", {
  skip: withoutShared,
}, () => {
  const versions = probes().filter(({ scenario }) => scenario.startsWith("S-version-"));
  assert.equal(versions.length, 20);
  for (const probe of versions) {
    const { commands, restOfServer } = decode(probe);
    assert.equal(restOfServer.length, 0, `bytes are left in ${probe.name}`);
    assert.ok(commands.length >= 4 && commands.every(({ reply }) => reply !== undefined), probe.name);
  }
});

test("hand-made commands are understood, or refused where stock servers refuse them", {
  skip: withoutShared,
}, () => {
  const refused = new Set<string>();
  const usable = probes().filter(({ protocol }) => protocol === "serve");
  for (const probe of usable) {
    try {
      assert.equal(decodeServeRecording(probe).restOfServer.length, 0, `bytes are left in ${probe.name}`);
    } catch (error) {
      if (!(error instanceof ElsewhereError))
        throw new Error(`Cannot follow ${probe.name}`, { cause: error });
      refused.add(probe.scenario);
    }
  }
  assert.deepEqual([...refused].sort(), []);
});

function isAnsweredServe({ protocol, fromServer }: Transcript): boolean {
  return protocol === "serve" && fromServer.length > 0;
}

function decode(connection: Transcript) {
  try {
    return decodeServeRecording(connection);
  } catch (cause) {
    throw new Error(`Cannot follow ${connection.name}: ${cause}`, { cause });
  }
}
