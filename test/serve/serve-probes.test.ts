import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import { decodeDaemonRecording } from "#rig/daemon-recording.ts";
import { decodeServeRecording, type RecordedCommand } from "#rig/serve-recording.ts";
import { withoutShared } from "#rig/shared.ts";
import { probes, type Transcript } from "#rig/transcripts.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveCommands } from "#serve/serve/session.ts";
import { openLocalStore } from "#store/local/open.ts";
import { RecordedClient } from "./memory-stream.ts";
import { RecordedPaths } from "./recorded-paths.ts";

const folder = mkdtempSync(join(tmpdir(), "elsewhere-serve-probes-"));
/** A store in the state that most probes found. */
const prepared = join(folder, "prepared");

before(async () => {
  if (withoutShared) return;
  const asked = probes().find(({ name }) => name === "2.26.3/W-allvalid")!;
  const paths = decodeDaemonRecording(asked).operations[0]!.reply as StorePath[];
  await using store = await openLocalStore({ root: prepared });
  await new RecordedPaths("2.26.3").install(store, paths);
});

after(() => rmSync(folder, { recursive: true, force: true }));

for (const release of ["2.8.0", "2.26.3"])
  test(`probes of the serve protocol are answered as Nix ${release} answers them`, {
    skip: withoutShared,
  }, async () => {
    const asked = probes().filter((probe) => probe.release === release && isAnswered(probe));
    assert.ok(asked.length >= 8, `only ${asked.length} probes`);
    for (const probe of asked) {
      const { heard } = await askOurs(probe);
      const found = decodeServeRecording({ ...probe, fromServer: heard });
      assert.deepEqual(
        found.commands.map(meaningOf),
        decodeServeRecording(probe).commands.map(meaningOf),
        probe.name,
      );
    }
  });

for (const [scenario, phrase] of [
  ["S-addnar-badhash", /hash mismatch importing path/],
  ["S-addnar-badref", /path '.*' is not valid/],
  ["S-closure-unknown", /path '.*' is not valid/],
  ["S-dump-unknown", /path '.*' is not valid/],
  ["S-ro-addnar", /importing paths is not allowed/],
  ["S-ro-build", /building paths is not allowed/],
  ["S-unknown-cmd", /unknown serve command 99/],
] as const)
  test(`${scenario} ends the connection, in the words of Nix`, { skip: withoutShared }, async () => {
    const probe = probes().find(({ name }) => name === `2.26.3/${scenario}`)!;
    const { error } = await askOurs(probe);
    assert.match(error ?? "", phrase);
  });

async function askOurs({
  name,
  fromClient,
  scenario,
}: Transcript): Promise<{ heard: Buffer; error?: string }> {
  const root = mkdtempSync(join(folder, `${name.replace("/", "-")}-`));
  if (!STARTS_EMPTY.test(scenario)) cpSync(prepared, root, { recursive: true, preserveTimestamps: true });
  await using store = await openLocalStore({ root });
  const client = new RecordedClient(fromClient);
  await using connection = new ClientConnection(client, { stillListens: async () => true });
  const served = {
    store,
    realiser: () => Promise.reject(new ElsewhereError("UNSUPPORTED", "nothing is built in this test")),
  };
  const mayWrite = !scenario.startsWith("S-ro-");
  try {
    await serveCommands(connection, { served, trusted: true, mayWrite, log: () => undefined });
  } catch (error) {
    return { heard: client.heard, error: (error as Error).message };
  }
  await connection.writer.flush();
  return { heard: client.heard };
}

function meaningOf({ command, reply }: RecordedCommand): unknown {
  return { name: command.name, reply };
}

function isAnswered({ protocol, complete, scenario }: Transcript): boolean {
  return protocol === "serve" && complete && !BUILDS.test(scenario) && !ENDS.test(scenario);
}

const STARTS_EMPTY = /^S-(addnar|import|ro-addnar)/;
/** Those that need a builder, which e2e tests have. */
const BUILDS = /^S-(build|version|ro-build)/;
const ENDS = /^S-(bad-magic$|import-bad|unknown-cmd|dump-unknown|closure-unknown|addnar-bad|ro-addnar)/;
