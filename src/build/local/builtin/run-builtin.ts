import { mkdirSync } from "node:fs";
import { messageOf } from "#base/errors.ts";
import { derivationType } from "#nix/derivation-type.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { hashPlaceholder } from "#nix/placeholder.ts";
import { parseInStore, printStorePath, type StorePath } from "#nix/store-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import { BuildWatch } from "../build-watch.ts";
import type { PlannedOutput } from "../planned-output.ts";
import { rewriteText } from "../rewriting.ts";
import type { Workspace } from "../workspace.ts";
import { buildEnvironment } from "./build-env.ts";
import { fetchUrl } from "./fetch-url.ts";
import { unpackChannel } from "./unpack-channel.ts";

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

interface Parts {
  readonly site: BuildSite;
  readonly job: BuildJob;
  readonly workspace: Workspace;
  readonly inputs: ReadonlyMap<StorePath, PathInfo>;
  readonly drv: string;
}

/** Runs a builder that is part of ours: `builtin:fetchurl` and its kin. */
export async function runBuiltin(parts: Parts, outputs: readonly PlannedOutput[]): Promise<void> {
  const { site, job, drv } = parts;
  const builtin = BUILTINS[job.derivation.builder];
  if (!builtin)
    throw new BuildFailure(
      "PermanentFailure",
      `unsupported builtin builder '${job.derivation.builder.slice("builtin:".length)}'`,
    );
  using watch = new BuildWatch(site, job);
  mkdirSync(parts.workspace.root + site.store.storeDir, { recursive: true });
  try {
    await builtin(contextOf(parts, outputs, watch.signal));
  } catch (error) {
    watch.throwIfEnded();
    if (error instanceof BuildFailure) throw error;
    const status = derivationType(job.derivation) === "fixed" ? "TransientFailure" : "PermanentFailure";
    throw new BuildFailure(status, `Cannot build '${drv}'.\nReason: ${messageOf(error)}`, { cause: error });
  }
}

const BUILTINS: Readonly<Record<string, (context: BuiltinContext) => Promise<void>>> = {
  "builtin:fetchurl": fetchUrl,
  "builtin:buildenv": buildEnvironment,
  "builtin:unpack-channel": unpackChannel,
};

function contextOf(
  { site, job, workspace, inputs }: Parts,
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
