import { formatTable } from "#cli/table.ts";
import type { Comparison } from "./compare.ts";
import type { Ran } from "./run-test.ts";

const HEAD = ["test", "place", "with Nix", "with Elsewhere"];

/** A row for every test in every place. */
export function tableOf(comparisons: readonly Comparison[]): string {
  return `${formatTable(HEAD, comparisons.map(rowOf))}\n${summaryOf(comparisons)}\n`;
}

/** The same for a page. */
export function markdownOf(comparisons: readonly Comparison[]): string {
  const rows = [HEAD, HEAD.map(() => "---"), ...comparisons.map(rowOf)];
  return `${summaryOf(comparisons)}\n\n${rows.map((row) => `| ${row.join(" | ")} |\n`).join("")}`;
}

function summaryOf(comparisons: readonly Comparison[]): string {
  const count = (verdict: Comparison["verdict"]) =>
    comparisons.filter((comparison) => comparison.verdict === verdict).length;
  const asked = comparisons.length - count("not asked");
  return `Of ${asked} that pass with Nix in both places, ${count("passes")} pass with Elsewhere, ${count("decided")} fail for a reason given, ${count("fails")} fail. ${count("not asked")} do not pass with Nix here.`;
}

function rowOf({ name, place, nix, elsewhere, reason }: Comparison): string[] {
  return [name.replace(/\.sh$/, ""), place, told(nix), elsewhere ? told(elsewhere, reason) : ""];
}

function told({ outcome, tookMs }: Ran, reason?: string): string {
  if (outcome === "passed") return `passed, ${(tookMs / 1000).toFixed(1)} s`;
  return reason === undefined ? outcome : `${outcome}: ${reason}`;
}
