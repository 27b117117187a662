import type { KeyedBuildResult } from "#nix/build-result.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { BuildMode, MissingPaths, RealiseOptions } from "#store/realiser.ts";
import { alreadyValid } from "../already-valid.ts";
import { derivationPath } from "../derivation-path.ts";
import { failureOf } from "../failed-build.ts";
import type { Call, Handlers } from "./call.ts";

type Builds = "buildPaths" | "ensurePath" | "buildDerivation" | "buildPathsWithResults" | "queryMissing";

/** What builds or substitutes, and what would. */
export const buildHandlers: Handlers<Builds> = {
  async buildPaths(call) {
    const results = await makeValid(call, call.request);
    const failure = failureOf(results, call.store.storeDir);
    if (failure) throw failure;
  },

  async buildPathsWithResults(call) {
    return causesFirst(await makeValid(call, call.request));
  },

  async ensurePath(call) {
    const wanted = { kind: "opaque", path: call.request.path } as const;
    const results = await makeValid(call, { paths: [wanted], mode: "normal" });
    const failure = failureOf(results, call.store.storeDir);
    if (failure) throw failure;
  },

  async buildDerivation(call) {
    const { target, mode } = call.request;
    const drvPath = await derivationPath(call, target);
    const realiser = await call.served.realiser();
    return await realiser.buildDerivation(drvPath, target.derivation, realiseOptions(call, mode));
  },

  async queryMissing({ store, served, request: { paths } }) {
    if (await alreadyValid(store, paths)) return NOTHING_MISSING;
    return await (await served.realiser()).queryMissing(paths);
  },
};

interface Wanted {
  readonly paths: readonly DerivedPath[];
  readonly mode: BuildMode;
}

async function makeValid(call: Call<unknown>, { paths, mode }: Wanted): Promise<KeyedBuildResult[]> {
  const options = realiseOptions(call, mode);
  const valid = mode === "normal" ? await alreadyValid(call.store, paths) : undefined;
  return valid ?? (await (await call.served.realiser()).buildPaths(paths, options));
}

/** Nix 2.8 shows the first failure alone: what was ended for another's, and says nothing of itself, comes last. */
function causesFirst(results: readonly KeyedBuildResult[]): KeyedBuildResult[] {
  return [
    ...results.filter(({ status }) => status !== "Cancelled"),
    ...results.filter(({ status }) => status === "Cancelled"),
  ];
}

const NOTHING_MISSING: MissingPaths = {
  willBuild: [],
  willSubstitute: [],
  unknown: [],
  downloadSize: 0,
  narSize: 0,
};

function realiseOptions(call: Call<unknown>, mode: BuildMode): RealiseOptions {
  if (mode === "repair") call.rights.demand("repair");
  return { mode, settings: call.settings.build, signal: call.signal, log: call.reporter.log };
}
