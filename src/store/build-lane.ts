import type { BuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { StorePath } from "#nix/store-path.ts";

/**
 * A way to a builder that makes builds one after the other, in the order in which it is asked for them. It may be asked
 * before earlier ones have ended: then nothing is waited for between them. Disposing it ends what it has not answered.
 */
export interface BuildLane extends AsyncDisposable {
  /** As `Realiser.buildDerivation`; inputs may be what earlier builds of this lane make. */
  buildDerivation(drvPath: StorePath, derivation: BasicDerivation, log: LogSink): Promise<BuildResult>;
}
