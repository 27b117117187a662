import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { RecordedCommand } from "#rig/serve-recording.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";
import { probes, recordedReleases, type Transcript } from "#rig/transcripts.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import { scenesOf } from "./scene.ts";
import { ScriptedServe } from "./scripted-serve.ts";
import { SERVE_TASKS } from "./serve-tasks.ts";
import { Tally } from "./tally.ts";

/** Builds, refused and not, and questions in every version of the protocol. */
const ASKED_BY_HAND = /^S-(addnar(-twice)?|build.*|infos-unknown|valid-.*|version-.*|ro-valid)$/;

for (const release of recordedReleases())
  suite(`our client and nix-store --serve of ${release}`, { skip: withoutShared }, () => {
    const tally = new Tally();
    for (const { name, connections } of scenesOf(release)) {
      const whole = connections.filter(({ protocol, complete }) => protocol === "serve" && complete);
      if (whole.length === 0) continue;
      test(`${name}: what was asked for is had from the recorded answers`, () => askAgain(whole, tally));
    }
    after(() => console.log(`${release}: ${tally}`));
  });

suite("our client and what nix-store --serve answered by hand", { skip: withoutShared }, () => {
  const tally = new Tally();
  for (const probe of sharedDir ? probes() : [])
    if (ASKED_BY_HAND.test(probe.scenario))
      test(`${probe.name}: what was asked for is had from the recorded answers`, () =>
        askAgain([probe], tally));
  after(() => console.log(`by hand: ${tally}`));
});

/** Has our client do what recorded ones did, of a server that knows no more than was recorded. */
async function askAgain(connections: readonly Transcript[], tally: Tally): Promise<void> {
  const server = new ScriptedServe(connections);
  await using store = new ServeStore({
    uri: "ssh://recorded",
    storeDir: DEFAULT_STORE_DIR,
    minor: connections[0]!.fromClient.readUInt8(8),
    connect: async () => server.connect(),
  });
  for (const recorded of server.commands) {
    const { name } = recorded.command;
    const task = SERVE_TASKS[name];
    const isOurs = task !== undefined && !locks(recorded);
    tally.count(isOurs ? "answered alike" : `never asked by us (${name})`);
    if (!isOurs) continue;
    assert.deepEqual(await task(store, recorded), answerTo(recorded), name);
    assert.ok(server.wasAsked(recorded), `${name} was asked otherwise`);
  }
}

function answerTo({ command, reply, replyBody }: RecordedCommand): unknown {
  return command.replyBody ? replyBody : reply;
}

/** Whether it keeps paths for as long as the connection lives: no client that was recorded does, and not ours. */
function locks({ request }: RecordedCommand): boolean {
  return (request as { lock?: boolean } | undefined)?.lock === true;
}
