import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import type { RecordedCommand } from "#rig/serve-recording.ts";
import { withoutShared } from "#rig/shared.ts";
import { recordedReleases } from "#rig/transcripts.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import type { ServeBuildOptions } from "#wire/serve/build-options.ts";
import { bytesOf, incoming } from "../store/local/local-rig.ts";
import { scenesOf } from "./scene.ts";
import { ScriptedServe } from "./scripted-serve.ts";
import { Tally } from "./tally.ts";

for (const release of recordedReleases())
  suite(`our client and nix-store --serve of ${release}`, { skip: withoutShared }, () => {
    const tally = new Tally();
    for (const { name, connections } of scenesOf(release)) {
      const whole = connections.filter(({ protocol, complete }) => protocol === "serve" && complete);
      if (whole.length === 0) continue;
      test(`${name}: what was asked for is had from the recorded answers`, async () => {
        const server = new ScriptedServe(whole);
        await using store = new ServeStore({
          uri: "ssh://recorded",
          storeDir: DEFAULT_STORE_DIR,
          minor: whole[0]!.fromClient.readUInt8(8),
          connect: async () => server.connect(),
        });
        for (const recorded of server.commands) {
          const task = TASKS[recorded.command.name];
          tally.count(task ? "answered alike" : `never asked by us (${recorded.command.name})`);
          if (!task) continue;
          assert.deepEqual(await task(store, recorded), answerTo(recorded), recorded.command.name);
          assert.ok(server.wasAsked(recorded), `${recorded.command.name} was asked otherwise`);
        }
      });
    }
    after(() => console.log(`${release}: ${tally}`));
  });

function answerTo({ command, reply, replyBody }: RecordedCommand): unknown {
  return command.replyBody ? replyBody : reply;
}

type Task = (store: ServeStore, recorded: RecordedCommand) => Promise<unknown>;

/** Which method of ours asks for the same; its result as the protocol tells it. */
const TASKS: Readonly<Record<string, Task>> = {
  QueryValidPaths: async (store, { request }) => {
    const { paths, substitute } = request as { paths: StorePath[]; substitute: boolean };
    return [...(await store.queryValidPaths(paths, { substitute }))];
  },
  QueryPathInfos: async (store, { request }) => {
    const infos = await store.queryPathInfos((request as { paths: StorePath[] }).paths);
    return [...infos.values()];
  },
  QueryClosure: async (store, { request }) => {
    const infos = await store.queryClosure((request as { paths: StorePath[] }).paths);
    return infos.map(({ path }) => path).sort();
  },
  DumpStorePath: async (store, { request, replyBody }) => {
    const { path } = request as { path: StorePath };
    const nar = await bytesOf(store.narFromPath(path));
    const known = { path, narSize: replyBody.length } as PathInfo;
    for await (const again of store.narsFromPaths([known])) assert.deepEqual(await bytesOf(again.nar), nar);
    return nar;
  },
  AddToStoreNar: async (store, { request, requestBody }) => {
    await store.addPaths(incoming([{ ...(request as { info: PathInfo }), nar: requestBody }]));
    return true;
  },
  BuildDerivation: async (store, { request }) => {
    const { target, options } = request as {
      target: { drvPath: StorePath; derivation: BasicDerivation };
      options: ServeBuildOptions;
    };
    return await store.buildDerivation(target.drvPath, target.derivation, {
      mode: "normal",
      settings: options,
      signal: new AbortController().signal,
      log: () => undefined,
    });
  },
};
