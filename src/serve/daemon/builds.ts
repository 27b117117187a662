import { ElsewhereError } from "#base/errors.ts";
import type { BuildMode, RealiseOptions } from "#store/realiser.ts";
import { failureOf } from "../failed-build.ts";
import { trustlessPath } from "../trustless-path.ts";
import type { Call, Handlers } from "./call.ts";

type Builds = "buildPaths" | "ensurePath" | "buildDerivation" | "buildPathsWithResults" | "queryMissing";

/** What builds or substitutes, and what would. */
export const buildHandlers: Handlers<Builds> = {
  async buildPaths(call) {
    const options = realiseOptions(call, call.request.mode);
    const results = await (await call.served.realiser()).buildPaths(call.request.paths, options);
    const failure = failureOf(results, call.store.storeDir);
    if (failure) throw failure;
  },

  async buildPathsWithResults(call) {
    const options = realiseOptions(call, call.request.mode);
    return await (await call.served.realiser()).buildPaths(call.request.paths, options);
  },

  async ensurePath(call) {
    const { path } = call.request;
    if ((await call.store.queryValidPaths([path])).has(path)) return;
    const realiser = await call.served.realiser();
    const results = await realiser.buildPaths([{ kind: "opaque", path }], realiseOptions(call, "normal"));
    const failure = failureOf(results, call.store.storeDir);
    if (failure) throw failure;
  },

  async buildDerivation(call) {
    const { target, mode } = call.request;
    const drvPath = call.trusted ? target.drvPath : await trustlessPath(call.store, target);
    const realiser = await call.served.realiser();
    return await realiser.buildDerivation(drvPath, target.derivation, realiseOptions(call, mode));
  },

  queryMissing: async ({ served, request: { paths } }) => await (await served.realiser()).queryMissing(paths),
};

function realiseOptions(call: Call<unknown>, mode: BuildMode): RealiseOptions {
  if (mode === "repair" && !call.trusted)
    throw new ElsewhereError(
      "NOT_TRUSTED",
      "repairing is not allowed because you are not in 'trusted-users'",
    );
  return { mode, settings: call.settings.build, signal: call.signal, log: call.reporter.log };
}
