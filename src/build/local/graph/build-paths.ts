import type { Semaphore } from "#base/semaphore.ts";
import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import type { BuildSite } from "../build-site.ts";
import { inNixOrder } from "./goal-order.ts";
import { GraphBuild } from "./graph-build.ts";

export interface BuildPathsParts {
  readonly paths: readonly DerivedPath[];
  readonly request: RealiseOptions;
  readonly jobs: Semaphore;
}

/** Makes all of it valid, each derivation once, in an order in which inputs come first; a result for each in order. */
export async function buildPaths(
  site: BuildSite,
  { paths, request, jobs }: BuildPathsParts,
): Promise<KeyedBuildResult[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const walk = new GraphBuild(site, { request: { ...request, signal }, jobs, stop });
  const results = new Map<DerivedPath, Promise<BuildResult>>();
  for (const path of inNixOrder(paths)) results.set(path, walk.realise(path));
  return await Promise.all(paths.map(async (path) => ({ ...(await results.get(path)!), path })));
}
