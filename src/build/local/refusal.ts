import { requiredFeatures } from "#nix/derivation-options.ts";
import { derivationType, isBuiltinBuilder } from "#nix/derivation-type.ts";
import { printStorePath } from "#nix/store-path.ts";
import { BuildFailure } from "./build-failure.ts";
import type { BuildJob, BuildSite } from "./build-site.ts";
import { sandboxOf } from "./process/sandbox-of.ts";

/** Throws when this machine cannot build the derivation, in the words of Nix 2.34. */
export function checkCanBuild(site: BuildSite, job: BuildJob): void {
  const { settings, store, whyPlain } = site;
  const drv = printStorePath(store.storeDir, job.drvPath);
  const { system } = job.derivation;
  if ((job.request.settings.maxJobs ?? settings.maxJobs) === 0 && !isBuiltinBuilder(job.derivation.builder))
    throw new BuildFailure(
      "MiscFailure",
      `Cannot build '${drv}'.\nReason: unable to start any build; either increase '--max-jobs' or enable remote builds`,
    );
  const platforms = new Set([settings.system, ...settings.extraPlatforms, "builtin"]);
  if (!platforms.has(system) && !isBuiltinBuilder(job.derivation.builder))
    throw refused(
      drv,
      "platform mismatch",
      `Required system: '${system}'`,
      `Current system: '${settings.system}'`,
    );
  const available = new Set([...settings.systemFeatures, "ca-derivations"]);
  const required = requiredFeatures(job.derivation, job.options);
  if (!required.every((feature) => available.has(feature)))
    throw refused(
      drv,
      "missing system features",
      `Required features: {${required.join(", ")}}`,
      `Available features: {${[...available].sort().join(", ")}}`,
    );
  if (derivationType(job.derivation) === "deferred")
    throw new BuildFailure(
      "InputRejected",
      `Cannot build '${drv}'.\nReason: its outputs depend on inputs that are not resolved`,
    );
  if (
    !sandboxOf(site, job).movesPaths &&
    store.physicalStoreDir !== store.storeDir &&
    !isBuiltinBuilder(job.derivation.builder)
  )
    throw new BuildFailure(
      "MiscFailure",
      `Cannot build '${drv}' without a sandbox in a store whose files lie in '${store.physicalStoreDir}'`,
      {
        hint: whyPlain
          ? [whyPlain.message, whyPlain.hint].join("\n")
          : "Build it with the sandbox: --sandbox bubblewrap",
        cause: whyPlain,
      },
    );
}

function refused(drv: string, ...lines: [string, string, string]): BuildFailure {
  return new BuildFailure("InputRejected", `Cannot build '${drv}'.\nReason: ${lines.join("\n")}`);
}
