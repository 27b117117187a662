import { setImmediate } from "node:timers/promises";
import { ElsewhereError } from "#base/errors.ts";
import { BARE_RESULT, type BuildResult, isSuccess, type KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { ServeBuildOptions } from "#wire/serve/build-options.ts";
import { commands } from "#wire/serve/commands.ts";
import { memoryLimitPath } from "#wire/serve/memory-limit.ts";
import { LineSplitter } from "../line-splitter.ts";
import type { BuildSettings, RealiseOptions } from "../realiser.ts";
import type { ServeConnection } from "./connection.ts";

export async function buildDerivation(
  connection: ServeConnection,
  target: { drvPath: StorePath; derivation: BasicDerivation },
  options: RealiseOptions,
): Promise<BuildResult> {
  requireNormal(options);
  return await building(connection, options, async () => {
    await limitMemory(connection, options.settings.maxMemoryBytes);
    const request = { target, options: limitsOf(options.settings) };
    const result = await connection.call(commands.buildDerivation, request);
    if (!isSuccess(result)) await hearOut(connection);
    return result;
  });
}

/** The protocol tells only whether all went well; a failure is every path's. */
export async function buildPaths(
  connection: ServeConnection,
  paths: readonly DerivedPath[],
  options: RealiseOptions,
): Promise<KeyedBuildResult[]> {
  requireNormal(options);
  const { exitStatus, message } = await building(connection, options, async () => {
    await limitMemory(connection, options.settings.maxMemoryBytes);
    const request = { paths, options: limitsOf(options.settings) };
    const reply = await connection.call(commands.buildPaths, request);
    if (reply.exitStatus !== 0) await hearOut(connection);
    return reply;
  });
  return paths.map((path) => ({
    ...BARE_RESULT,
    path,
    status: exitStatus === 0 ? "Built" : "MiscFailure",
    errorMessage: message,
  }));
}

/** Whether the server keeps the builds of a connection to so much memory, after it was told so. */
export async function limitMemory(
  connection: ServeConnection,
  bytes = Number.MAX_SAFE_INTEGER,
): Promise<boolean> {
  const isDefault = bytes === Number.MAX_SAFE_INTEGER;
  if (connection.memoryLimitBytes === (isDefault ? undefined : bytes)) return true;
  const request = { lock: false, substitute: false, paths: [memoryLimitPath(bytes)] };
  const isKept = (await connection.call(commands.queryValidPaths, request)).length > 0;
  if (isKept) connection.memoryLimitBytes = isDefault ? undefined : bytes;
  return isKept;
}

/** Runs a build; the log comes on standard error. Aborting hangs up, and that ends the build there. */
async function building<T>(
  connection: ServeConnection,
  { signal, log }: RealiseOptions,
  build: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const lines = new LineSplitter((text) => log({ kind: "message", text }));
  const hangUp = () => void connection[Symbol.asyncDispose]();
  signal.addEventListener("abort", hangUp, { once: true });
  connection.onStderr = (chunk) => lines.push(chunk);
  try {
    return await build();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    lines.end();
    connection.onStderr = undefined;
    signal.removeEventListener("abort", hangUp);
  }
}

/**
 * Waits for the last lines of a log: they were written before the answer, on another channel that may be slower.
 * What is written there is sent on before a second answer.
 */
async function hearOut(connection: ServeConnection): Promise<void> {
  await connection.call(commands.queryValidPaths, { lock: false, substitute: false, paths: [] });
  await setImmediate();
}

function limitsOf(settings: BuildSettings): ServeBuildOptions {
  return {
    maxSilentTimeS: settings.maxSilentTimeS ?? 0,
    timeoutS: settings.timeoutS ?? 0,
    maxLogSizeBytes: settings.maxLogSizeBytes ?? 0,
    repeats: 0,
    enforceDeterminism: false,
    keepFailed: settings.keepFailed ?? false,
  };
}

function requireNormal({ mode }: RealiseOptions): void {
  if (mode !== "normal")
    throw new ElsewhereError(
      "UNSUPPORTED",
      `Cannot ask an ssh:// store for a ${mode} build: its protocol has none`,
      {
        hint: "Use ssh-ng:// for this host",
      },
    );
}
