import type { Style } from "../style.ts";
import { builderLabels } from "./builder-labels.ts";
import { factLines } from "./fact-lines.ts";
import { fetchFacts, looseFetches } from "./fetch-facts.ts";
import { headline } from "./headline.ts";
import { loadLines } from "./load-lines.ts";
import type { Progress } from "./progress.ts";
import { type TreeRow, treeRows } from "./tree.ts";
import { treeFacts } from "./tree-lines.ts";
import { waitingLines } from "./waiting-lines.ts";
import { fit } from "./width.ts";
import { count } from "./words.ts";

export interface WindowOptions {
  readonly nowMs: number;
  /** No line is wider, and there are no more of them, than the terminal has room for. */
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  readonly isStopping?: boolean;
}

/** The lines of the live window: what runs where, under what was asked for; the builders; and in the last line how far it is. */
export function windowLines(progress: Progress, options: WindowOptions): string[] {
  const { columns, rows, style, nowMs } = options;
  const labelOf = builderLabels(progress.builders.keys());
  const room = Math.max(1, Math.min(rows - ROWS_LEFT, Math.max(ROWS_MIN, Math.floor(rows * SHARE))));
  const last = headline(progress, { isStopping: false, ...options });
  const loads = loadLines(progress, {
    nowMs,
    columns,
    style,
    labelOf,
    rowsMax: Math.min(progress.builders.size, Math.floor((room - 1) / 3)),
  });
  const waiting = waitingLines(progress, { nowMs, columns, style }).slice(0, room - 1);
  const left = room - 1 - loads.length - waiting.length;
  const { tree, fetches, hidden } = share(progress, left);
  const said = { nowMs, columns, style, labelOf };
  const lines = factLines([...treeFacts(progress, tree, said), ...fetchFacts(progress, fetches, said)], said);
  const more = hidden === "" || left < 1 ? [] : [style.dim(fit(hidden, columns))];
  return [...lines, ...more, ...waiting, ...loads, last];
}

/** Divides rows between builds and what is fetched, and says in words what has no room: that takes a row of its own. */
function share(progress: Progress, rows: number): { tree: TreeRow[]; fetches: number; hidden: string } {
  const { graph } = progress;
  const wanted = looseFetches(progress).length;
  const divide = (room: number) => {
    const least = Math.min(wanted, Math.ceil(room / FETCHES_SHARE));
    const { rows: tree, hidden } = treeRows(graph, Math.max(0, room - least));
    return { tree, hidden, fetches: Math.min(wanted, Math.max(0, room - tree.length)) };
  };
  const all = divide(rows);
  const isAll = all.hidden === 0 && all.fetches === wanted;
  const { tree, hidden, fetches } = isAll ? all : divide(rows - 1);
  const parts = [
    ...(hidden > 0 ? [count(hidden, "build")] : []),
    ...(fetches < wanted ? [`${count(wanted - fetches, "path")} being fetched`] : []),
  ];
  return { tree, fetches, hidden: parts.length > 0 ? `and ${parts.join(" and ")} more` : "" };
}

/** What is fetched has a right to one row of so many. */
const FETCHES_SHARE = 4;
/** Rows of the terminal that stay for what was said before. */
const ROWS_LEFT = 3;
/** What the window takes of a terminal, and what it takes at least where that is little. */
const SHARE = 0.6;
const ROWS_MIN = 8;
