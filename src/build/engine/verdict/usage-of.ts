import type { BuildResult } from "#nix/build-result.ts";
import type { BuildUsage } from "../../events.ts";

/** What a builder says that a build took, to be spread into an outcome; nothing where it says nothing. */
export function usageOf(result: BuildResult): { readonly usage?: BuildUsage } {
  const { cpuUserUs, cpuSystemUs, memoryPeakBytes } = result;
  const usage = {
    ...(cpuUserUs !== undefined && { cpuUserUs }),
    ...(cpuSystemUs !== undefined && { cpuSystemUs }),
    ...(memoryPeakBytes !== undefined && { memoryPeakBytes }),
  };
  return Object.keys(usage).length > 0 ? { usage } : {};
}
