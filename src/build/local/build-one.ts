import type { BuildResult } from "#nix/build-result.ts";
import { derivationType, isBuiltinBuilder, isNetworked } from "#nix/derivation-type.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { Realisation } from "#nix/realisation.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { SandboxOutcome } from "#sandbox/sandbox.ts";
import { startBuildActivity } from "./activity.ts";
import { BuildFailure, failureResult, type ResultFacts, successResult } from "./build-failure.ts";
import { BuildLogFeed } from "./build-log-feed.ts";
import type { BuildJob, BuildSite } from "./build-site.ts";
import { builderFailed } from "./builder-failed.ts";
import { runBuiltin } from "./builtin/run-builtin.ts";
import { compareWithValid } from "./compare-outputs.ts";
import { knownOutputs, lockOutputs, takenPaths } from "./expected-outputs.ts";
import { inspectOutputs } from "./inspect-output.ts";
import { installOutputs } from "./install-outputs.ts";
import { checkStoreFolder, detachOutputs } from "./left-by-builder.ts";
import { checkOutputs } from "./output-checks.ts";
import { orderOutputs } from "./output-order.ts";
import { type PlannedOutput, planOutputs } from "./planned-output.ts";
import { runPostBuildHook } from "./post-build-hook.ts";
import { prepareBuild } from "./prepare-build.ts";
import { checkCanBuild } from "./refusal.ts";
import { runBuilder } from "./run-builder.ts";
import { sandboxOf } from "./sandbox-of.ts";
import { type SettledOutput, settleOutput } from "./settle-output.ts";
import { Workspace } from "./workspace.ts";

/** Builds one derivation whose inputs are valid, or finds it built. A failed build is a result. */
export async function buildOne(site: BuildSite, job: BuildJob): Promise<BuildResult> {
  const facts: { -readonly [key in keyof ResultFacts]: ResultFacts[key] } = {};
  try {
    const known = await knownOutputs(site, job);
    if (known && job.request.mode === "normal") return successResult("AlreadyValid", known);
    using _locks = await lockOutputs(site, job);
    // Whoever held the locks before may have built it.
    const meanwhile = await knownOutputs(site, job);
    if (meanwhile && job.request.mode === "normal") return successResult("AlreadyValid", meanwhile);
    if (!meanwhile && job.request.mode === "check")
      throw new BuildFailure(
        "MiscFailure",
        `some outputs of '${printDrv(site, job)}' are not valid, so checking is not possible`,
      );
    checkCanBuild(site, job);
    facts.startTime = nowS(site);
    facts.timesBuilt = 1;
    const outputs = await attempt(site, job, facts);
    facts.stopTime = nowS(site);
    await runPostBuildHook(
      site,
      job,
      Array.from(outputs.values(), ({ outPath }) => outPath),
    );
    return successResult("Built", outputs, facts);
  } catch (error) {
    if (facts.startTime !== undefined) facts.stopTime = nowS(site);
    return failureResult(error, facts);
  }
}

type Facts = { -readonly [key in keyof ResultFacts]: ResultFacts[key] };

async function attempt(site: BuildSite, job: BuildJob, facts: Facts): Promise<Map<string, Realisation>> {
  const { store, settings } = site;
  const drv = printDrv(site, job);
  const infos = await store.queryClosure(job.derivation.inputSources);
  const inputs = new Map(infos.map((info) => [info.path, info]));
  await store.addTempRoots([job.drvPath, ...inputs.keys()]);
  const verb =
    job.request.mode === "check"
      ? "checking outputs of"
      : job.request.mode === "repair"
        ? "repairing outputs of"
        : "building";
  using activity = startBuildActivity(job.request.log, drv, verb);
  using workspace = await Workspace.make(settings.buildDir ?? `${store.stateDir}/builds`, site);
  const feed = new BuildLogFeed({
    activity: activity.id,
    log: job.request.log,
    tailLines: settings.logLines,
  });
  const build: Build = { site, job, workspace, feed, inputs, facts, drv };
  try {
    return await buildIn(build);
  } catch (error) {
    if (
      (job.request.settings.keepFailed ?? settings.keepFailed) &&
      !(error instanceof BuildFailure && error.status === "Cancelled")
    ) {
      const place = workspace.keep(job.derivation.name);
      job.request.log({ kind: "message", text: `note: keeping build directory '${place}'` });
    }
    throw error;
  }
}

interface Build {
  readonly site: BuildSite;
  readonly job: BuildJob;
  readonly workspace: Workspace;
  readonly feed: BuildLogFeed;
  readonly inputs: ReadonlyMap<StorePath, PathInfo>;
  readonly facts: Facts;
  readonly drv: string;
}

async function buildIn(build: Build): Promise<Map<string, Realisation>> {
  const { site, job, workspace, inputs, drv } = build;
  const { store } = site;
  const sandbox = sandboxOf(site, job);
  const isBuiltin = isBuiltinBuilder(job.derivation.builder);
  const isApart = sandbox.movesPaths || isBuiltin;
  const outputs = planOutputs(job, {
    storeDir: store.storeDir,
    taken: isApart ? NONE : await takenPaths(site, job),
  });
  await store.addTempRoots(
    outputs.flatMap(({ path, scratchPath }) => (path ? [path, scratchPath] : [scratchPath])),
  );
  if (!isApart) await store.deleteInvalid(outputs.map(({ scratchPath }) => scratchPath));
  if (isBuiltin) await runBuiltin(build, outputs);
  else await runProgram(build, outputs);
  const placeOf = (path: StorePath) =>
    isApart ? `${workspace.root}${printStorePath(store.storeDir, path)}` : store.realPathOf(path);
  if (isApart && !isBuiltin) {
    checkStoreFolder(workspace.root, { storeDir: store.storeDir, drv });
    if (isNetworked(derivationType(job.derivation)))
      await detachOutputs(outputs.map(({ scratchPath }) => placeOf(scratchPath)));
  }
  const built = await inspectOutputs(outputs, {
    drv,
    placeOf,
    candidates: new Set([...inputs.keys(), ...outputs.map(({ scratchPath }) => scratchPath)]),
    discardsReferences: (name) => job.options.unsafeDiscardReferences.get(name) ?? false,
  });
  const settled: SettledOutput[] = [];
  const context = {
    storeDir: store.storeDir,
    drvName: job.derivation.name,
    drvPath: job.drvPath,
    drv,
    hashParts: new Map<string, string>(),
    freePlace: () => store.scratchPlace(),
  };
  for (const output of orderOutputs(built, drv)) settled.push(await settleOutput(output, context));
  checkOutputs(job.options, { storeDir: store.storeDir, drv, outputs: settled, inputs });
  if (job.request.mode === "check") return await compareWithValid({ site, job, drv }, settled);
  return await installOutputs({ site, job }, settled);
}

async function runProgram(
  { site, job, workspace, feed, inputs, facts, drv }: Build,
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

function noteUsage(facts: Facts, { usage }: SandboxOutcome): void {
  facts.cpuUserUs = usage.cpuUserUs;
  facts.cpuSystemUs = usage.cpuSystemUs;
  facts.memoryPeakBytes = usage.memoryPeakBytes;
}

function printDrv({ store }: BuildSite, { drvPath }: BuildJob): string {
  return printStorePath(store.storeDir, drvPath);
}

function nowS({ clock }: BuildSite): number {
  return Math.floor(clock.now() / 1000);
}

const NONE: ReadonlySet<StorePath> = new Set();
