import { ElsewhereError } from "#base/errors.ts";
import { type BuildStatus, isSuccess, type KeyedBuildResult } from "#nix/build-result.ts";
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
  const failed = results.filter((result) => !isSuccess(result));
  const any = (test: (result: KeyedBuildResult) => boolean) => failed.some(test);
  const mask =
    (any(({ status }) => !NO_BUILD_FAILED.has(status)) ? 0x04 : 0) |
    (any(({ status }) => status === "TimedOut") ? 0x01 : 0) |
    (any(isHashMismatch) ? 0x02 : 0) |
    (any(({ status }) => status === "NotDeterministic") ? 0x08 : 0);
  return mask === 0 ? 1 : 0x60 | mask;
}

/** Releases before 2.35 have no status of its own for it. */
function isHashMismatch({ status, errorMessage }: KeyedBuildResult): boolean {
  return status === "HashMismatch" || (status === "OutputRejected" && HASH_MISMATCH.test(errorMessage));
}

const HASH_MISMATCH = /hash mismatch in fixed-output derivation/;
const NO_BUILD_FAILED: ReadonlySet<BuildStatus> = new Set([
  "NoSubstituters",
  "MiscFailure",
  "NotDeterministic",
]);
