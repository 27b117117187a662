import type { BuildResult } from "#nix/build-result.ts";
import { printStorePath } from "#nix/store-path.ts";
import { BuildFailure, type FactsSoFar, failureResult, successResult } from "./build-failure.ts";
import type { BuildJob, BuildSite } from "./build-site.ts";
import { makeOutputs } from "./make-outputs.ts";
import { knownOutputs, lockOutputs } from "./output/expected-outputs.ts";
import { runPostBuildHook } from "./post-build-hook.ts";
import { checkCanBuild } from "./refusal.ts";

/** Builds one derivation whose inputs are valid, or finds it built. A failed build is a result. */
export async function buildOne(site: BuildSite, job: BuildJob): Promise<BuildResult> {
  const facts: FactsSoFar = {};
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
    const outputs = await makeOutputs(site, job, facts);
    facts.stopTime = nowS(site);
    const paths = Array.from(outputs.values(), ({ outPath }) => outPath);
    await runPostBuildHook(site, job, paths);
    return successResult("Built", outputs, facts);
  } catch (error) {
    if (facts.startTime !== undefined) facts.stopTime = nowS(site);
    return failureResult(error, facts);
  }
}

function printDrv({ store }: BuildSite, { drvPath }: BuildJob): string {
  return printStorePath(store.storeDir, drvPath);
}

function nowS({ clock }: BuildSite): number {
  return Math.floor(clock.now() / 1000);
}
