import type { LogSink } from "#nix/log-event.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { hashPlaceholder } from "#nix/placeholder.ts";
import { parseInStore, printStorePath, type StorePath } from "#nix/store-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import type { PlannedOutput } from "../output/planned-output.ts";
import { rewriteText } from "../output/rewriting.ts";
import type { Workspace } from "../process/workspace.ts";

/** What a built-in builder works with. It writes below `outputs` and `scratchDir`, and nowhere else. */
export interface BuiltinContext {
  /** A variable of the derivation; throws when it is not set. */
  readonly variable: (name: string) => string;
  readonly optional: (name: string) => string | undefined;
  /** Where output `out` is to be made, on disk. */
  readonly out: string;
  /** Where a path in the store of the inputs lies on disk; throws when it is not of an input. */
  readonly realPathOf: (path: string) => string;
  readonly scratchDir: string;
  readonly job: BuildJob;
  readonly site: BuildSite;
  readonly signal: AbortSignal;
  readonly log: LogSink;
}

export interface BuiltinParts {
  readonly site: BuildSite;
  readonly job: BuildJob;
  readonly workspace: Workspace;
  readonly inputs: ReadonlyMap<StorePath, PathInfo>;
  readonly drv: string;
}

/** Throws a `BuildFailure` where the derivation has no output `out`. */
export function builtinContext(
  { site, job, workspace, inputs }: BuiltinParts,
  outputs: readonly PlannedOutput[],
  signal: AbortSignal,
): BuiltinContext {
  const { storeDir } = site.store;
  const rewrites = new Map(
    outputs.map(({ name, scratchPath }) => [hashPlaceholder(name), printStorePath(storeDir, scratchPath)]),
  );
  const optional = (name: string) => {
    const value = job.derivation.env.get(name);
    return value === undefined ? undefined : rewriteText(value, rewrites);
  };
  const out = outputs.find(({ name }) => name === "out");
  if (!out)
    throw new BuildFailure("InputRejected", `'${job.derivation.builder}' needs an output named 'out'`);
  return {
    optional,
    variable: (name) => {
      const value = optional(name);
      if (value === undefined) throw new BuildFailure("InputRejected", `attribute '${name}' missing`);
      return value;
    },
    out: workspace.root + printStorePath(storeDir, out.scratchPath),
    realPathOf: (path) => {
      const { path: storePath, rest } = parseInStore(storeDir, path);
      if (!inputs.has(storePath) || rest.split("/").includes(".."))
        throw new BuildFailure("InputRejected", `'${path}' is not an input of the derivation`);
      return site.store.realPathOf(storePath) + rest;
    },
    scratchDir: workspace.dir,
    job,
    site,
    signal,
    log: job.request.log,
  };
}
