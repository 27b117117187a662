import { derivationType, isBuiltinBuilder, isNetworked } from "#nix/derivation-type.ts";
import type { Realisation } from "#nix/realisation.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { BuildFailure, type FactsSoFar } from "./build-failure.ts";
import type { BuildJob, BuildSite } from "./build-site.ts";
import { runBuiltin } from "./builtin/run-builtin.ts";
import { compareWithValid } from "./output/compare-outputs.ts";
import { takenPaths } from "./output/expected-outputs.ts";
import { type BuiltOutput, inspectOutputs } from "./output/inspect-output.ts";
import { installOutputs } from "./output/install-outputs.ts";
import { checkStoreFolder, detachOutputs } from "./output/left-by-builder.ts";
import { checkOutputs } from "./output/output-checks.ts";
import { orderOutputs } from "./output/output-order.ts";
import { type PlannedOutput, planOutputs } from "./output/planned-output.ts";
import { type SettledOutput, settleOutput } from "./output/settle-output.ts";
import { startBuildActivity } from "./process/activity.ts";
import { BuildLogFeed } from "./process/build-log-feed.ts";
import { type OutputsBuild, runProgram } from "./process/run-program.ts";
import { sandboxOf } from "./process/sandbox-of.ts";
import { Workspace } from "./process/workspace.ts";

/** Makes and installs the outputs of a derivation, in a folder of its own that goes away. Throws a `BuildFailure`; notes what it took in `facts`. */
export async function makeOutputs(
  site: BuildSite,
  job: BuildJob,
  facts: FactsSoFar,
): Promise<Map<string, Realisation>> {
  const { store, settings } = site;
  const drv = printStorePath(store.storeDir, job.drvPath);
  const infos = await store.queryClosure(job.derivation.inputSources);
  const inputs = new Map(infos.map((info) => [info.path, info]));
  await store.addTempRoots([job.drvPath, ...inputs.keys()]);
  using activity = startBuildActivity(job.request.log, drv, VERBS[job.request.mode]);
  using workspace = await Workspace.make(settings.buildDir ?? `${store.stateDir}/builds`, site);
  const feed = new BuildLogFeed({
    activity: activity.id,
    log: job.request.log,
    tailLines: settings.logLines,
  });
  const build: OutputsBuild = { site, job, workspace, feed, inputs, facts, drv };
  try {
    return await buildIn(build);
  } catch (error) {
    const isKept = job.request.settings.keepFailed ?? settings.keepFailed;
    if (isKept && !(error instanceof BuildFailure && error.status === "Cancelled")) {
      const place = workspace.keep(job.derivation.name);
      job.request.log({ kind: "message", text: `note: keeping build directory '${place}'` });
    }
    throw error;
  }
}

async function buildIn(build: OutputsBuild): Promise<Map<string, Realisation>> {
  const { site, job, inputs, drv } = build;
  const { store } = site;
  const isBuiltin = isBuiltinBuilder(job.derivation.builder);
  const isApart = sandboxOf(site, job).movesPaths || isBuiltin;
  const outputs = planOutputs(job, {
    storeDir: store.storeDir,
    taken: isApart ? NONE : await takenPaths(site, job),
  });
  await store.addTempRoots(
    outputs.flatMap(({ path, scratchPath }) => (path ? [path, scratchPath] : [scratchPath])),
  );
  if (!isApart) await store.outputs.deleteInvalid(outputs.map(({ scratchPath }) => scratchPath));
  if (isBuiltin) await runBuiltin(build, outputs);
  else await runProgram(build, outputs);
  const built = await collect(build, outputs, { isApart, isBuiltin });
  const settled = await settle(build, orderOutputs(built, drv));
  checkOutputs(job.options, { storeDir: store.storeDir, drv, outputs: settled, inputs });
  if (job.request.mode === "check") return await compareWithValid({ site, job, drv }, settled);
  return await installOutputs({ site, job }, settled);
}

/** What the builder has left. */
async function collect(
  { site: { store }, job, workspace, inputs, drv }: OutputsBuild,
  outputs: readonly PlannedOutput[],
  { isApart, isBuiltin }: { isApart: boolean; isBuiltin: boolean },
): Promise<readonly BuiltOutput[]> {
  const placeOf = (path: StorePath) =>
    isApart ? `${workspace.root}${printStorePath(store.storeDir, path)}` : store.realPathOf(path);
  const scratchPaths = outputs.map(({ scratchPath }) => scratchPath);
  if (isApart && !isBuiltin) {
    checkStoreFolder(workspace.root, { storeDir: store.storeDir, drv });
    if (isNetworked(derivationType(job.derivation))) await detachOutputs(scratchPaths.map(placeOf));
  }
  return await inspectOutputs(outputs, {
    drv,
    placeOf,
    candidates: new Set([...inputs.keys(), ...scratchPaths]),
    discardsReferences: (name) => job.options.unsafeDiscardReferences.get(name) ?? false,
  });
}

/** Gives each output its path: those that others refer to come first. */
async function settle(
  { site: { store }, job, drv }: OutputsBuild,
  outputs: readonly BuiltOutput[],
): Promise<SettledOutput[]> {
  const context = {
    storeDir: store.storeDir,
    drvName: job.derivation.name,
    drvPath: job.drvPath,
    drv,
    hashParts: new Map<string, string>(),
    freePlace: () => store.outputs.scratchPlace(),
  };
  const settled: SettledOutput[] = [];
  for (const output of outputs) settled.push(await settleOutput(output, context));
  return settled;
}

const VERBS = {
  normal: "building",
  check: "checking outputs of",
  repair: "repairing outputs of",
} as const;
const NONE: ReadonlySet<StorePath> = new Set();
