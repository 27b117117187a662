import type { BuildOutcome } from "#build/events.ts";
import { formatTable } from "../../table.ts";
import type { Progress } from "../progress.ts";
import { count, formatDuration, shortName } from "../words.ts";
import { ROWS_MAX, type SummaryOptions } from "./summary-options.ts";

/** Of many builds only those that failed and those that took longest. */
export function buildTable({ ended }: Progress, { columns, all, numbers }: SummaryOptions): string {
  const isFew = all || ended.size <= ROWS_MAX;
  const slowest = isFew ? Number.NEGATIVE_INFINITY : slowestMs([...ended.values()]);
  const listed = [...ended].filter(
    ([, outcome]) => outcome.kind !== "realised" || outcome.durationMs >= slowest,
  );
  if (listed.length === 0) return "";
  const shown = isFew ? listed : listed.slice(0, ROWS_MAX);
  const isNumbered = numbers !== undefined && numbers.size > 0;
  const rows = shown.map(([drvPath, outcome]) => [
    shortName(drvPath),
    ...(isNumbered ? [String(numbers.get(drvPath) ?? "")] : []),
    ...describeOutcome(outcome),
  ]);
  const head = ["derivation", ...(isNumbered ? ["build"] : []), "outcome", "where", "time"];
  const table = formatTable(head, rows, columns);
  const left = ended.size - shown.length;
  return left > 0 ? `${table}… and ${count(left, "derivation")} more; all with -v\n` : table;
}

/** What a build must have taken, in milliseconds, to be one of the slowest. */
function slowestMs(outcomes: readonly BuildOutcome[]): number {
  const times = outcomes.flatMap((outcome) => (outcome.kind === "realised" ? outcome.durationMs : []));
  return times.sort((a, b) => b - a)[SLOWEST_LISTED - 1] ?? 0;
}

function describeOutcome(outcome: BuildOutcome): readonly string[] {
  switch (outcome.kind) {
    case "realised":
      return [
        outcome.how === "already-there" ? "found" : outcome.how,
        outcome.builder,
        formatDuration(outcome.durationMs),
      ];
    case "failed":
      return ["FAILED", outcome.builder, ""];
    case "dependency-failed":
      return ["not begun", `needs ${shortName(outcome.because)}`, ""];
    case "given-up":
      return ["NOT BUILT", "no machine", ""];
    case "cancelled":
      return ["not begun", "", ""];
  }
}

const SLOWEST_LISTED = 10;
