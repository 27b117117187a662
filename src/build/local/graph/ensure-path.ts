import { type BuildResult, isSuccess } from "#nix/build-result.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { FetchNarrator } from "#store/fetch-narrator.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import { BuildFailure, successResult } from "../build-failure.ts";
import type { BuildSite } from "../build-site.ts";

/** Makes a path valid that nobody says how to build: it is there, or a substituter has it. Throws a `BuildFailure` where none has. */
export async function ensurePath(
  site: BuildSite,
  request: RealiseOptions,
  path: StorePath,
): Promise<BuildResult> {
  const { store } = site;
  if ((await store.queryValidPaths([path])).has(path)) return successResult("AlreadyValid", new Map());
  using narrator = narrateFetches(site, request);
  const valid = maySubstitute(site, request)
    ? await store.queryValidPaths([path], { substitute: true, fetches: narrator.take })
    : new Set();
  if (valid.has(path)) return successResult("Substituted", new Map());
  throw new BuildFailure(
    "NoSubstituters",
    `path '${printStorePath(store.storeDir, path)}' does not exist and cannot be created`,
  );
}

/** The same for a derivation that is to be read. */
export async function ensureDerivation(
  site: BuildSite,
  request: RealiseOptions,
  drvPath: StorePath,
): Promise<void> {
  if ((await site.store.queryValidPaths([drvPath])).has(drvPath)) return;
  const result = await ensurePath(site, request, drvPath);
  if (!isSuccess(result)) throw new BuildFailure("MiscFailure", result.errorMessage);
}

/** Whether something may be taken from substituters for a request. */
export function maySubstitute({ settings }: BuildSite, request: RealiseOptions): boolean {
  return request.settings.useSubstitutes ?? settings.useSubstitutes;
}

/** Tells whoever asked what one question to the store fetches. */
export function narrateFetches({ store }: BuildSite, { log }: RealiseOptions): FetchNarrator {
  return new FetchNarrator({ storeDir: store.storeDir, log });
}
