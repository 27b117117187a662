import type { Hash } from "./hash.ts";
import type { StorePath } from "./store-path.ts";

/** Output `outputName` of the derivations whose hash modulo is `drvHash`. Printed `sha256:<base16>!out`. */
export interface DrvOutput {
  readonly drvHash: Hash;
  readonly outputName: string;
}

/** Which path a derivation output turned out to be. */
export interface Realisation {
  readonly id: DrvOutput;
  readonly outPath: StorePath;
  readonly signatures: readonly string[];
  /** `sha256:<base16>!out` to the path it was realised as; read for old peers, never relied on. */
  readonly dependentRealisations: ReadonlyMap<string, StorePath>;
}
