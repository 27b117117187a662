import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { SandboxOutcome } from "#sandbox/sandbox.ts";
import type { FactsSoFar } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import type { PlannedOutput } from "../output/planned-output.ts";
import type { BuildLogFeed } from "./build-log-feed.ts";
import { builderFailed } from "./builder-failed.ts";
import { prepareBuild } from "./prepare-build.ts";
import { runBuilder } from "./run-builder.ts";
import { sandboxOf } from "./sandbox-of.ts";
import type { Workspace } from "./workspace.ts";

/** A build that is being made. */
export interface OutputsBuild {
  readonly site: BuildSite;
  readonly job: BuildJob;
  readonly workspace: Workspace;
  readonly feed: BuildLogFeed;
  readonly inputs: ReadonlyMap<StorePath, PathInfo>;
  readonly facts: FactsSoFar;
  /** The derivation's path, printed. */
  readonly drv: string;
}

/** Runs the builder of a derivation in its sandbox. Throws a `BuildFailure` when it does not succeed. */
export async function runProgram(
  { site, job, workspace, feed, inputs, facts, drv }: OutputsBuild,
  outputs: readonly PlannedOutput[],
): Promise<void> {
  const sandbox = sandboxOf(site, job);
  const innerBuildDir = sandbox.movesPaths ? site.settings.sandboxBuildDir : workspace.buildDir;
  const prepared = await prepareBuild({
    site,
    job,
    outputs,
    inputs,
    buildDir: workspace.buildDir,
    innerBuildDir,
  });
  const outcome = await runBuilder({
    site,
    job,
    workspace,
    sandbox,
    prepared,
    innerBuildDir,
    inputs: inputs.keys(),
    feed,
  });
  noteUsage(facts, outcome);
  if (outcome.end.kind === "exited" && outcome.end.code === 0) return;
  throw builderFailed({ site, job, workspace, feed, drv, outputs, end: outcome.end });
}

function noteUsage(facts: FactsSoFar, { usage }: SandboxOutcome): void {
  facts.cpuUserUs = usage.cpuUserUs;
  facts.cpuSystemUs = usage.cpuSystemUs;
  facts.memoryPeakBytes = usage.memoryPeakBytes;
}
