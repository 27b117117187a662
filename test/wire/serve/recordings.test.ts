import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { test } from "node:test";
import { decodeBytes } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { decodeServeRecording } from "#rig/serve-recording.ts";
import { withoutShared } from "#rig/shared.ts";
import { probes, type Transcript, transcripts } from "#rig/transcripts.ts";
import type { WireContext } from "#wire/codec/codec.ts";
import { builtOutputsByHash } from "#wire/values/build-result.ts";

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
    assert.ok(connections.length >= 39, `only ${connections.length} connections`);
    assert.ok(seen.size >= 6, `only ${[...seen]}`);
  });

test("whatever version a client announces, stock servers' answers are understood", {
  skip: withoutShared,
}, () => {
  const versions = probes().filter(({ scenario }) => scenario.startsWith("S-version-"));
  assert.equal(versions.length, 20);
  for (const probe of versions) {
    const { commands, restOfServer, ctx } = decode(probe);
    assert.equal(leftOver(probe, restOfServer, ctx), 0, `bytes are left in ${probe.name}`);
    assert.ok(commands.length >= 4 && commands.every(({ reply }) => reply !== undefined), probe.name);
  }
});

test("hand-made commands are understood, or refused where they are none", { skip: withoutShared }, () => {
  const refused = new Set<string>();
  const handMade = probes().filter(({ scenario }) => /^S-(?!version)/.test(scenario));
  for (const probe of handMade) {
    try {
      assert.equal(decodeServeRecording(probe).restOfServer.length, 0, `bytes are left in ${probe.name}`);
    } catch (error) {
      if (!(error instanceof ElsewhereError))
        throw new Error(`Cannot follow ${probe.name}`, { cause: error });
      refused.add(probe.scenario);
    }
  }
  assert.deepEqual([...refused].sort(), REFUSED);
  assert.ok(handMade.length >= 50, `only ${handMade.length} probes`);
});

/** Nix 2.8.0 sends built outputs before 2.6 too, where no client expects them. */
function leftOver(probe: Transcript, rest: Buffer, ctx: WireContext): number {
  if (probe.release !== "2.8.0" || ctx.version >= 6) return rest.length;
  return decodeBytes(builtOutputsByHash.decode(ctx), rest).rest.length;
}

const REFUSED = ["S-bad-magic", "S-import-bad", "S-unknown-cmd"];

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
