import type { DerivationOutput } from "#nix/derivation.ts";
import { staticOutputPath } from "#nix/derivation-output.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { BuildJob } from "../build-site.ts";
import { fallbackPath } from "./rewriting.ts";

/** An output before it is built. */
export interface PlannedOutput {
  readonly name: string;
  readonly output: DerivationOutput;
  /** Where it will be, when that is known. */
  readonly path: StorePath | undefined;
  /** Where the builder is told to put it. */
  readonly scratchPath: StorePath;
}

export interface PlanOptions {
  readonly storeDir: StoreDir;
  /** Paths that the builder cannot write, since they are valid and it has no root of its own. */
  readonly taken: ReadonlySet<StorePath>;
}

export function planOutputs(
  { drvPath, derivation }: BuildJob,
  { storeDir, taken }: PlanOptions,
): PlannedOutput[] {
  return Array.from(derivation.outputs, ([name, output]) => {
    const path = staticOutputPath(output, { storeDir, drvName: derivation.name, outputName: name });
    const fallback = () => fallbackPath(storeDir, drvPath, { drvName: derivation.name, outputName: name });
    return { name, output, path, scratchPath: path && !taken.has(path) ? path : fallback() };
  });
}
