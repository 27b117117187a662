import { ElsewhereError } from "#base/errors.ts";
import { BARE_RESULT, type BuildResult, type KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { Realisation } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { operations } from "#wire/daemon/operations.ts";
import { RemoteError } from "#wire/daemon/remote-error.ts";
import { BUILD_MEMORY_LIMIT } from "#wire/daemon/version.ts";
import { ZERO_SHA256 } from "#wire/values/hash.ts";
import type { BuildSettings, RealiseOptions } from "../realiser.ts";
import type { DaemonConnection } from "./connection.ts";
import { clientSettingsOf } from "./settings.ts";

export async function buildDerivation(
  connection: DaemonConnection,
  target: { drvPath: StorePath; derivation: BasicDerivation },
  options: RealiseOptions,
): Promise<BuildResult> {
  return await building(connection, options, async () => {
    try {
      return await connection.call(operations.buildDerivation, { target, mode: options.mode }, options.log);
    } catch (error) {
      throw refusalOf(error, connection);
    }
  });
}

export async function buildPaths(
  connection: DaemonConnection,
  paths: readonly DerivedPath[],
  options: RealiseOptions,
): Promise<KeyedBuildResult[]> {
  const request = { paths, mode: options.mode };
  return await building(connection, options, async () =>
    connection.has(operations.buildPathsWithResults)
      ? [...(await connection.call(operations.buildPathsWithResults, request, options.log))]
      : await buildAndLook(connection, paths, options),
  );
}

/** Runs a build with its settings told to the server; aborting hangs up, and that ends the build there. */
async function building<T>(
  connection: DaemonConnection,
  { settings, signal }: RealiseOptions,
  build: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const hangUp = () => void connection[Symbol.asyncDispose]();
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    await tellSettings(connection, settings);
    return await build();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", hangUp);
  }
}

/** Tells the server what holds for the builds that follow, where it was not told that already. */
export async function tellSettings(connection: DaemonConnection, chosen: BuildSettings): Promise<void> {
  const limitsMemory = connection.agreed.features.has(BUILD_MEMORY_LIMIT);
  const settings = clientSettingsOf(chosen, { limitsMemory });
  const key = settings && JSON.stringify({ ...settings, overrides: [...settings.overrides] });
  if (key === connection.settingsKey || settings === undefined) return;
  await connection.call(operations.setOptions, settings);
  connection.settingsKey = key;
}

/** For servers that only say whether all went well: what is there afterwards tells which part did. */
async function buildAndLook(
  connection: DaemonConnection,
  paths: readonly DerivedPath[],
  options: RealiseOptions,
): Promise<KeyedBuildResult[]> {
  let failure: RemoteError | undefined;
  try {
    await connection.call(operations.buildPaths, { paths, mode: options.mode }, options.log);
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    failure = error;
  }
  const results: KeyedBuildResult[] = [];
  for (const path of paths) results.push(await lookAt(connection, path, failure));
  return results;
}

async function lookAt(
  connection: DaemonConnection,
  path: DerivedPath,
  failure: RemoteError | undefined,
): Promise<KeyedBuildResult> {
  const outputs = await outputsOf(connection, path);
  const known = [...outputs.values()].filter((output) => output !== undefined);
  const valid = await connection.call(operations.queryValidPaths, { paths: known, substitute: false });
  const isWhole = known.length === outputs.size && valid.length === outputs.size;
  return {
    ...BARE_RESULT,
    path,
    status: isWhole ? "Built" : "MiscFailure",
    errorMessage: isWhole ? "" : (failure?.message ?? "the server did not say why"),
    builtOutputs: isWhole && path.kind === "built" ? realisationsOf(outputs) : new Map(),
  };
}

async function outputsOf(
  connection: DaemonConnection,
  path: DerivedPath,
): Promise<ReadonlyMap<string, StorePath | undefined>> {
  if (path.kind === "opaque") return new Map([["", path.path]]);
  const all = await connection.call(operations.queryDerivationOutputMap, { path: path.drvPath });
  const { outputs } = path;
  return outputs === "*" ? all : new Map(outputs.map((name) => [name, all.get(name)]));
}

function realisationsOf(outputs: ReadonlyMap<string, StorePath | undefined>): Map<string, Realisation> {
  const realisations = new Map<string, Realisation>();
  for (const [outputName, outPath] of outputs)
    if (outPath)
      realisations.set(outputName, {
        id: { drvHash: ZERO_SHA256, outputName },
        outPath,
        signatures: [],
        dependentRealisations: new Map(),
      });
  return realisations;
}

/** The server's words, or what is to be done where they are about trust. */
export function refusalOf(error: unknown, connection: DaemonConnection): unknown {
  if (!(error instanceof RemoteError) || !/not privileged to build/.test(error.message)) return error;
  return new ElsewhereError(
    "NOT_TRUSTED",
    `Cannot build on ${connection.name}: it does not trust this user`,
    {
      hint: "Add the user that ssh logs in as to `trusted-users` in the builder's nix.conf and restart its daemon, e.g. `trusted-users = root builder`",
      cause: error,
    },
  );
}
