import { ElsewhereError } from "#base/errors.ts";
import { isSuccess, type KeyedBuildResult } from "#nix/build-result.ts";
import { formatDerivedPath } from "#nix/derived-path-text.ts";
import type { StoreDir } from "#nix/store-path.ts";

/** The error that stands for all builds that failed; undefined when none did. Wording: Nix, `buildPaths`. */
export function failureOf(results: readonly KeyedBuildResult[], storeDir: StoreDir): Error | undefined {
  const failed = results.filter((result) => !isSuccess(result));
  if (failed.length === 0) return undefined;
  if (failed.length === 1) return new ElsewhereError("BUILD_FAILED", failed[0]!.errorMessage);
  const names = failed.map(({ path }) => `'${formatDerivedPath(storeDir, path, "^")}'`);
  return new ElsewhereError("BUILD_FAILED", `build of ${names.join(", ")} failed`, {
    hint: failed.map(({ errorMessage }) => errorMessage).join("\n"),
  });
}

/** The exit status that `nix-store --realise` would have ended with. Source: Nix, `Worker::failingExitStatus`. */
export function exitStatusOf(results: readonly KeyedBuildResult[]): number {
  const statuses = results.filter((result) => !isSuccess(result)).map(({ status }) => status);
  const mask =
    (statuses.includes("TimedOut") ? 0x01 : 0) |
    (statuses.includes("HashMismatch") ? 0x02 : 0) |
    (statuses.includes("NotDeterministic") ? 0x08 : 0);
  const buildFailed = statuses.some((status) => status !== "NoSubstituters" && status !== "MiscFailure");
  if (mask !== 0) return 0x60 | 0x04 | mask;
  return buildFailed ? 100 : 1;
}
