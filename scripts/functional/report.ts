import { formatTable } from "#cli/table.ts";
import type { Comparison } from "./compare.ts";
import type { Ran } from "./run-test.ts";

const HEAD = ["test", "place", "with Nix", "with Elsewhere"];

/** A row for every test in every place. */
export function tableOf(comparisons: readonly Comparison[]): string {
  return `${formatTable(HEAD, comparisons.map(timedRowOf))}\n${summaryOf(comparisons)}\n`;
}

/** The same for a page, where times would say only how busy a machine was. */
export function markdownOf(comparisons: readonly Comparison[]): string {
  const rows = [HEAD, HEAD.map(() => "---"), ...comparisons.map((one) => rowOf(one))];
  return `${summaryOf(comparisons)}\n\n${rows.map((row) => `| ${row.join(" | ")} |\n`).join("")}`;
}

function summaryOf(comparisons: readonly Comparison[]): string {
  const count = (verdict: Comparison["verdict"]) =>
    comparisons.filter((comparison) => comparison.verdict === verdict).length;
  const asked = comparisons.length - count("not asked");
  return `Of ${asked} that pass with Nix in both places, ${count("passes")} pass with Elsewhere, ${count("decided")} fail for a reason given, ${count("fails")} fail. ${count("not asked")} do not pass with Nix here.`;
}

function timedRowOf(comparison: Comparison): string[] {
  return rowOf(comparison, ({ tookMs }) => `, ${(tookMs / 1000).toFixed(1)} s`);
}

function rowOf(
  { name, place, nix, elsewhere, reason }: Comparison,
  time: (ran: Ran) => string = () => "",
): string[] {
  const why = elsewhere?.outcome === "passed" || reason === undefined ? "" : `: ${reason}`;
  return [
    name.replace(/\.sh$/, ""),
    place,
    `${nix.outcome}${time(nix)}`,
    elsewhere ? `${elsewhere.outcome}${time(elsewhere)}${why}` : "",
  ];
}
