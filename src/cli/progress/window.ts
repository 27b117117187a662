import type { Style } from "../style.ts";
import { builderLabels } from "./builder-labels.ts";
import { headline } from "./headline.ts";
import { loadLines } from "./load-lines.ts";
import type { Progress } from "./progress.ts";
import { treeRows } from "./tree.ts";
import { treeLines } from "./tree-lines.ts";
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
  const { rows: tree, hidden } = treeRows(progress.graph, left);
  const fits = hidden === 0 ? { rows: tree, hidden } : treeRows(progress.graph, left - 1);
  const lines = treeLines(progress, fits.rows, { nowMs, columns, style, labelOf });
  const more =
    fits.hidden > 0 && left > 0 ? [style.dim(fit(`and ${count(fits.hidden, "build")} more`, columns))] : [];
  return [...lines, ...more, ...waiting, ...loads, last];
}

/** Rows of the terminal that stay for what was said before. */
const ROWS_LEFT = 3;
/** What the window takes of a terminal, and what it takes at least where that is little. */
const SHARE = 0.6;
const ROWS_MIN = 8;
