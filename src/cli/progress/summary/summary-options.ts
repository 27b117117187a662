import type { Placement } from "#ledger/record.ts";
import type { StorePath } from "#nix/store-path.ts";

/** How a summary is written, and what else is known of the run. */
export interface SummaryOptions {
  /** Width of the terminal; absent where nothing is to be cut. */
  readonly columns?: number | undefined;
  /** Every derivation and every path, however many. */
  readonly all?: boolean;
  /** What the ledger calls each build: `elsewhere log 123`. */
  readonly numbers?: ReadonlyMap<StorePath, number>;
  /** Why builds ran on this machine. */
  readonly builtHere?: ReadonlyMap<StorePath, Placement>;
}

/** As many as a person reads at a glance. */
export const ROWS_MAX = 46;
