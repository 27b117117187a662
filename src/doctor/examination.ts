import type { Diagnosis } from "./diagnose.ts";

/** What shall be looked at. */
export interface ExaminationRequest {
  /** Settings of the command line: `[name, value]`. */
  readonly overrides: readonly (readonly [string, string])[];
  /** Where outputs come home to; the usual store of this machine where undefined. */
  readonly store: string | undefined;
  /** Names or URIs of the builders to look at; all where there are none. */
  readonly builders: readonly string[];
}

/** Looks at the whole chain. */
export type Examine = (request: ExaminationRequest, signal: AbortSignal) => Promise<Diagnosis>;
