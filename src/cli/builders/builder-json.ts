import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { BuilderStatus } from "./builder-status.ts";

/** A builder as `--json` shows it. */
export function builderJson(
  { site, answer, page, slotsTaken, running }: BuilderStatus,
  storeDir: StoreDir,
): object {
  const { name, systems, maxJobs, speedFactor, supportedFeatures, mandatoryFeatures } = site.traits;
  const { fault, lastFailure, drained, machine, speed, probes } = page;
  return {
    name,
    uri: site.key ?? site.uri,
    ...answer,
    systems,
    maxJobs,
    slotsTaken,
    speedFactor,
    supportedFeatures,
    mandatoryFeatures,
    drained: drained ?? null,
    fault: fault ?? null,
    lastFailure: lastFailure ?? null,
    machine: machine ?? null,
    measuredSpeed: speed ?? null,
    probes: Object.fromEntries(probes),
    running: running.map(({ number, drvPath, sinceMs }) => ({
      build: number,
      drvPath: printStorePath(storeDir, drvPath),
      sinceMs,
    })),
  };
}
