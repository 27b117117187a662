import type { Terminal } from "../../terminal.ts";
import type { Progress } from "../progress.ts";
import type { ViewFlags } from "../run-view.ts";
import { buildTable } from "./build-table.ts";
import { builderTable } from "./builder-table.ts";
import { builtHereLines } from "./built-here-lines.ts";
import { failureLines } from "./failure-lines.ts";
import { fetchLines } from "./fetch-lines.ts";
import { originTable } from "./origin-table.ts";
import type { SummaryOptions } from "./summary-options.ts";

/** Tells what became of a run, after it; not to programs, and not quietly. */
export function printSummary(
  terminal: Terminal,
  progress: Progress,
  flags: ViewFlags & Pick<SummaryOptions, "numbers" | "builtHere">,
): void {
  const { quiet, logFormat, verbose = 0, ...known } = flags;
  if (quiet || logFormat === "internal-json") return;
  const columns = terminal.live ? terminal.columns() : undefined;
  terminal.error(summaryOf(progress, { columns, all: verbose > 0, ...known }));
}

/** What was built where, and where each path that was asked for came from. */
export function summaryOf(progress: Progress, options: SummaryOptions): string {
  const parts = [
    buildTable(progress, options),
    builderTable(progress, options),
    fetchLines(progress),
    originTable(progress, options),
    builtHereLines(options),
    failureLines(progress, options),
  ];
  return parts.filter((part) => part !== "").join("\n");
}
