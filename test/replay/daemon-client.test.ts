import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { DrvOutput } from "#nix/realisation.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import type { RecordedOperation } from "#rig/daemon-recording.ts";
import { withoutShared } from "#rig/shared.ts";
import { Tape } from "#rig/tape.ts";
import { recordedReleases } from "#rig/transcripts.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import type { BuildMode } from "#store/realiser.ts";
import type { GcOptions } from "#store/store.ts";
import { type AddToStoreRequest, multipleCount } from "#wire/daemon/add-operations.ts";
import { RemoteError } from "#wire/daemon/remote-error.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
import { bytesOf, incoming, streamOf } from "../store/local/local-rig.ts";
import { masked } from "./meaning.ts";
import { scenesOf } from "./scene.ts";
import { ScriptedDaemon } from "./scripted-daemon.ts";
import { Tally } from "./tally.ts";

for (const release of recordedReleases())
  suite(`our client and the server of ${release}`, { skip: withoutShared }, () => {
    const tally = new Tally();
    for (const { name, connections } of scenesOf(release)) {
      const whole = connections.filter(({ protocol, complete }) => protocol === "daemon" && complete);
      if (whole.length === 0) continue;
      test(`${name}: what was asked for is had from the recorded answers`, async () => {
        const server = new ScriptedDaemon(whole);
        await using store = new DaemonStore({
          uri: "ssh-ng://recorded",
          storeDir: DEFAULT_STORE_DIR,
          minor: whole[0]!.fromClient.readUInt8(8),
          connect: async () => server.connect(),
        });
        for (const operation of server.operations) tally.count(await askAgain(operation, store));
        assert.deepEqual(
          [...new Set(server.unknown)].filter((asked) => asked !== "SetOptions"),
          [],
          "asked otherwise",
        );
      });
    }
    after(() => console.log(`${release}: ${tally}`));
  });

/** Has our client do what a recorded request was for; its result, or what it throws, is what was recorded. */
async function askAgain(recorded: RecordedOperation, store: DaemonStore): Promise<string> {
  const task = TASKS[recorded.operation.name];
  if (!task) return `never asked by us (${recorded.operation.name})`;
  const end = recorded.frames.at(-1);
  if (end?.kind === "error") {
    await assert.rejects(task(store, recorded), (error: RemoteError) => {
      assert.ok(error instanceof RemoteError, String(error));
      assert.deepEqual(error.failure, end.failure);
      return true;
    });
    return "failed alike";
  }
  assert.deepEqual(
    plain(await task(store, recorded)),
    plain(recorded.nar ?? recorded.reply),
    recorded.operation.name,
  );
  return "answered alike";
}

/** Sets as lists: our client gives some, and Nix's replies are lists. */
function plain(value: unknown): unknown {
  if (value instanceof Set) return [...value];
  return masked(value);
}

type Task = (store: DaemonStore, recorded: RecordedOperation) => Promise<unknown>;

/** Which method of ours asks for the same. */
const TASKS: Readonly<Record<string, Task>> = {
  QueryValidPaths: (store, { request }) => {
    const { paths, substitute } = request as { paths: StorePath[]; substitute: boolean };
    return store.queryValidPaths(paths, { substitute });
  },
  QueryPathInfo: async (store, { request }) => {
    const { path } = request as { path: StorePath };
    const info = (await store.queryPathInfos([path])).get(path);
    if (!info) return undefined;
    const { path: _, ...rest } = info;
    return rest;
  },
  QueryReferrers: (store, { request }) => store.queryReferrers((request as { path: StorePath }).path),
  QueryValidDerivers: (store, { request }) => store.queryValidDerivers((request as { path: StorePath }).path),
  QueryAllValidPaths: (store) => store.queryAllValidPaths(),
  QueryDerivationOutputMap: (store, { request }) =>
    store.queryDerivationOutputMap((request as { path: StorePath }).path),
  QueryRealisation: async (store, { request }) => {
    const known = await store.queryRealisation((request as { id: DrvOutput }).id);
    return known ? [known] : [];
  },
  QueryMissing: (store, { request }) => store.queryMissing((request as { paths: DerivedPath[] }).paths),
  AddTempRoot: (store, { request }) => store.addTempRoot((request as { path: StorePath }).path),
  AddSignatures: (store, { request }) => {
    const { path, signatures } = request as { path: StorePath; signatures: string[] };
    return store.addSignatures(path, signatures);
  },
  AddMultipleToStore: (store, { request, body }) => {
    const { dontCheckSignatures } = request as { dontCheckSignatures: boolean };
    const samples = pathsIn(body!);
    return store.addPaths(incoming(samples), {
      checkSignatures: !dontCheckSignatures,
      paths: samples.map(({ info }) => info.path),
    });
  },
  AddToStoreNar: (store, { request, body }) => {
    const { info, dontCheckSignatures } = request as { info: PathInfo; dontCheckSignatures: boolean };
    return store.addPaths(incoming([{ info, nar: body! }]), { checkSignatures: !dontCheckSignatures });
  },
  AddToStore: async (store, { request, body }) => {
    const { how, ...rest } = request as AddToStoreRequest;
    const dump = how.method === "nar" ? "nar" : "flat";
    const { path, ...info } = await store.addContent({ ...rest, ...how, dump, data: streamOf(body!) });
    return { path, info };
  },
  AddBuildLog: (store, { request, body }) =>
    store.addBuildLog((request as { drvPath: StorePath }).drvPath, streamOf(body!)),
  NarFromPath: async (store, { request, nar }) => {
    const known = { ...(request as { path: StorePath }), narSize: nar!.length } as PathInfo;
    for await (const one of store.narsFromPaths([known])) return await bytesOf(one.nar);
    return undefined;
  },
  AddIndirectRoot: (store, { request }) => store.addIndirectRoot((request as { link: string }).link),
  FindRoots: async (store) => [...(await store.findRoots())].map(([link, path]) => ({ link, path })),
  BuildDerivation: (store, { request }) => {
    const { target, mode } = request as {
      target: { drvPath: StorePath; derivation: BasicDerivation };
      mode: BuildMode;
    };
    return store.buildDerivation(target.drvPath, target.derivation, { ...QUIET, mode });
  },
  BuildPathsWithResults: (store, { request }) => {
    const { paths, mode } = request as { paths: DerivedPath[]; mode: BuildMode };
    return store.buildPaths(paths, { ...QUIET, mode });
  },
  CollectGarbage: (store, { request }) => store.collectGarbage(request as GcOptions),
  VerifyStore: (store, { request }) => store.verify(request as { checkContents: boolean; repair: boolean }),
  OptimiseStore: (store) => store.optimise(),
};

const QUIET = { settings: {}, signal: new AbortController().signal, log: () => undefined };

function pathsIn(body: Buffer): { info: PathInfo; nar: Buffer }[] {
  const tape = new Tape(body);
  const ctx = { version: 38, features: new Set<string>(), storeDir: DEFAULT_STORE_DIR };
  const count = tape.read(multipleCount.decode(ctx));
  return Array.from({ length: count }, () => ({
    info: tape.read(streamedPathInfo.decode(ctx)),
    nar: tape.nar(),
  }));
}
