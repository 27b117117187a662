import { single } from "#base/single.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import type { ServeBuildOptions } from "#wire/serve/build-options.ts";
import { commands } from "#wire/serve/commands.ts";
import { memoryLimitIn } from "#wire/serve/memory-limit.ts";
import { limitsOf } from "../build-settings.ts";
import { closureWithOutputs } from "../closure-with-outputs.ts";
import { derivationPath } from "../derivation-path.ts";
import { exportPaths, importExport } from "../export-stream.ts";
import { exitStatusOf, failureOf } from "../failed-build.ts";
import { validPathInfo } from "../invalid-path.ts";
import { narBody } from "../nar-body.ts";
import type { Call, CommandKey, Handlers } from "./call.ts";

/** Every command of the serve protocol. Source: Nix, `nix-store.cc`, `opServe`. */
const handlers: Handlers = {
  async queryValidPaths({ store, request: { lock, substitute, paths }, mayWrite, said }) {
    const limits = paths.filter((path) => memoryLimitIn(path) !== undefined);
    for (const path of limits) said.maxMemoryBytes = memoryLimitIn(path)!;
    const asked = limits.length === 0 ? paths : paths.filter((path) => !limits.includes(path));
    if (lock && mayWrite) for (const path of asked) await store.addTempRoot?.(path);
    return [...limits, ...(await store.queryValidPaths(asked, { substitute: substitute && mayWrite }))];
  },

  queryPathInfos: async ({ store, request: { paths } }) => [...(await store.queryPathInfos(paths)).values()],

  async dumpStorePath(call) {
    const { path } = call.request;
    await validPathInfo(call.store, path);
    call.replyBody = call.store.narFromPath(path);
  },

  async importPaths({ store, reader, ctx, rights }) {
    await importExport(store, reader, { ctx, rights });
  },

  async exportPaths(call) {
    call.replyBody = exportPaths(call.store, call.request.paths, call.ctx);
  },

  async buildPaths(call) {
    const { paths, options } = call.request;
    const results = await (await call.served.realiser()).buildPaths(paths, realiseOptions(call, options));
    const failure = failureOf(results, call.store.storeDir);
    return failure
      ? { exitStatus: exitStatusOf(results), message: failure.message }
      : { exitStatus: 0, message: "" };
  },

  async queryClosure({ store, request: { includeOutputs, paths } }) {
    if (includeOutputs) return [...(await closureWithOutputs(store, paths))];
    return (await store.queryClosure(paths)).map(({ path }) => path);
  },

  async buildDerivation(call) {
    const { target, options } = call.request;
    const drvPath = await derivationPath(call, target);
    const realiser = await call.served.realiser();
    return await realiser.buildDerivation(drvPath, target.derivation, realiseOptions(call, options));
  },

  async addToStoreNar({ store, request: { info }, reader, rights }) {
    await rights.addPaths(store, single({ info, nar: narBody(reader) }), { withoutSignatures: true });
    return true;
  },
};

function realiseOptions(call: Call<unknown>, sent: ServeBuildOptions): RealiseOptions {
  return {
    mode: "normal",
    settings: { ...limitsOf({ ...sent, ...call.said }), keepFailed: sent.keepFailed, useSubstitutes: false },
    signal: call.signal,
    log: call.log,
  };
}

/** A handler whose command is known by its code alone. */
export type AnyHandler = (call: Call<unknown>) => Promise<unknown>;

export const handlersByCode: ReadonlyMap<number, AnyHandler> = new Map(
  (Object.keys(handlers) as CommandKey[]).map(
    (key) => [commands[key].code, handlers[key] as AnyHandler] as const,
  ),
);
