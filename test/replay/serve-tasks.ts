import assert from "node:assert/strict";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { RecordedCommand } from "#rig/serve-recording.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import type { ServeStore } from "#store/serve/serve-store.ts";
import type { ServeBuildOptions } from "#wire/serve/build-options.ts";
import type { BuildPathsOutcome } from "#wire/serve/build-status.ts";
import { bytesOf, incoming } from "../store/local/local-rig.ts";

/** Has our client do what a recorded command was for; its result as the protocol tells it. */
type ServeTask = (store: ServeStore, recorded: RecordedCommand) => Promise<unknown>;

/** Which method of ours asks for the same, by the command's name. A closure is asked for otherwise: path by path. */
export const SERVE_TASKS: Readonly<Record<string, ServeTask>> = {
  QueryValidPaths: async (store, { request }) => {
    const { paths, substitute } = request as { paths: StorePath[]; substitute: boolean };
    return [...(await store.queryValidPaths(paths, { substitute }))];
  },
  QueryPathInfos: async (store, { request }) => {
    const infos = await store.queryPathInfos((request as { paths: StorePath[] }).paths);
    return [...infos.values()];
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
  BuildPaths: async (store, { request, reply }) => {
    const { paths, options } = request as { paths: DerivedPath[]; options: ServeBuildOptions };
    const results = await store.buildPaths(paths, buildingWith(options));
    const { exitStatus } = reply as BuildPathsOutcome;
    const status = exitStatus === 0 ? "Built" : "MiscFailure";
    assert.deepEqual(
      results.map((result) => [result.path, result.status]),
      paths.map((path) => [path, status]),
    );
    return { exitStatus, message: results[0]!.errorMessage };
  },
  BuildDerivation: async (store, { request }) => {
    const { target, options } = request as {
      target: { drvPath: StorePath; derivation: BasicDerivation };
      options: ServeBuildOptions;
    };
    return await store.buildDerivation(target.drvPath, target.derivation, buildingWith(options));
  },
};

function buildingWith(settings: ServeBuildOptions): RealiseOptions {
  return { mode: "normal", settings, signal: new AbortController().signal, log: () => undefined };
}
