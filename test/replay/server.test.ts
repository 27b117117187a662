import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { after, before, suite, test } from "node:test";
import { decodeDaemonRecording, type RecordedOperation } from "#rig/daemon-recording.ts";
import { decodeServeRecording } from "#rig/serve-recording.ts";
import { recordedReleases, type Transcript } from "#rig/transcripts.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import { serveCommands } from "#serve/serve/session.ts";
import { RecordedClient } from "../serve/memory-stream.ts";
import { Disk, Machine } from "./machine.ts";
import { meaningOfCommand, meaningOfOperation } from "./meaning.ts";
import { Stage, scenesOf, withoutReplay } from "./scene.ts";
import { Tally } from "./tally.ts";

let stage: Stage;
before(async () => {
  if (!withoutReplay) stage = await Stage.set();
});
after(async () => stage?.[Symbol.asyncDispose]());

for (const release of recordedReleases())
  suite(`the server of ${release}`, { skip: withoutReplay, concurrency: 3 }, () => {
    const tally = new Tally();
    for (const scene of scenesOf(release))
      test(`${scene.name} is answered as it was recorded`, async () => {
        using disk = new Disk();
        await stage.prepare(disk, scene.connections[0]!);
        for (const connection of scene.connections) {
          await using server = await Machine.on(disk);
          tally.count(
            connection.fromServer.length > 0 ? await compare(connection, server) : "never answered",
          );
        }
      });
    after(() => console.log(`${release}: ${tally}`));
  });

/** Holds our answers to those recorded, and tells how alike they are. */
async function compare(
  recorded: Transcript,
  server: Machine,
): Promise<"the same bytes" | "the same meaning"> {
  const heard =
    recorded.protocol === "daemon"
      ? await compareDaemon(recorded, server)
      : await compareServe(recorded, server);
  return heard.equals(recorded.fromServer) ? "the same bytes" : "the same meaning";
}

async function compareDaemon(recorded: Transcript, server: Machine): Promise<Buffer> {
  const expected = decodeDaemonRecording(recorded);
  const { nixVersion = "", trusted = true } = expected.connection;
  const minor = recorded.fromServer.readUInt8(8);
  const heard = await hear(recorded, (client) =>
    serveDaemon(client, { served: server, trusted, nixVersion, minor }),
  );
  const found = decodeDaemonRecording({ ...recorded, fromServer: heard });
  assert.deepEqual(
    meaningOfAll(found.operations, recorded),
    meaningOfAll(expected.operations, recorded),
    recorded.name,
  );
  if (!wasCut(recorded)) assert.deepEqual(found.restOfClient, expected.restOfClient);
  return heard;
}

/** Of a connection that was cut, what the server had said before. */
function meaningOfAll(operations: readonly RecordedOperation[], recorded: Transcript): unknown[] {
  const whole = wasCut(recorded) ? operations.slice(0, -1) : operations;
  return whole.map(meaningOfOperation);
}

/** Whether the client vanished in the middle of a build; some servers said that they noticed. */
function wasCut({ complete, fromServer }: Transcript): boolean {
  return !complete || fromServer.includes("interrupted by the user");
}

async function compareServe(recorded: Transcript, server: Machine): Promise<Buffer> {
  const minor = recorded.fromServer.readUInt8(8);
  const heard = await hear(recorded, (client) =>
    serveCommands(client, {
      served: server,
      trusted: true,
      mayWrite: true,
      minor,
      log: () => undefined,
    }),
  );
  const found = decodeServeRecording({ ...recorded, fromServer: heard });
  assert.deepEqual(
    found.commands.map(meaningOfCommand),
    decodeServeRecording(recorded).commands.map(meaningOfCommand),
    recorded.name,
  );
  return heard;
}

async function hear(
  recorded: Transcript,
  serve: (client: ClientConnection) => Promise<void>,
): Promise<Buffer> {
  const client = new RecordedClient(recorded.fromClient);
  await using connection = new ClientConnection(client, {
    stillListens: async () => !wasCut(recorded) || !client.heard.includes(BUILD_BEGUN),
  });
  await serve(connection);
  await connection.writer.flush();
  return client.heard;
}

/** Of an activity: a client that was killed in the middle of a build hangs up when the build has begun. */
const BUILD_BEGUN = "building '";
