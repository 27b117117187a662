import { formatBytes } from "#base/format-bytes.ts";
import type { FactRow } from "./fact-lines.ts";
import { type Fetch, sharesOf } from "./fetch.ts";
import type { Progress } from "./progress.ts";
import { rateOf } from "./transfer.ts";
import type { FactOptions } from "./tree-lines.ts";
import { formatElapsed, formatPercent, shortName } from "./words.ts";

/** What is said of paths that stores fetch and that no build is shown to wait for: which, from which cache, how far, since when. */
export function fetchFacts(progress: Progress, rowsMax: number, options: FactOptions): FactRow[] {
  return looseFetches(progress)
    .slice(0, rowsMax)
    .map((fetch) => factRow(fetch, options));
}

/** Those that do not belong to a build that is under way. */
export function looseFetches({ fetches }: Progress): Fetch[] {
  return [...fetches.values()].filter(({ drvPath }) => drvPath === undefined);
}

function factRow(fetch: Fetch, { nowMs, columns, style, labelOf }: FactOptions): FactRow {
  const { path, from, sinceMs } = fetch;
  const rate = columns < RATE_COLUMNS ? 0 : rateOf([fetch], nowMs);
  return {
    prefix: "",
    way: [],
    name: shortName(path),
    facts: {
      where: labelOf(from),
      what: `fetching${formatPercent(sharesOf([fetch]))}${rate >= 1 ? `, ${formatBytes(rate)}/s` : ""}`,
      time: formatElapsed(nowMs - sinceMs),
      paint: style.warn,
    },
  };
}

/** From what width on there is room for how fast it comes. */
const RATE_COLUMNS = 100;
