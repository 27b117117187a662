import type { Style } from "../style.ts";
import type { BuildNode } from "./build-graph.ts";
import type { Progress } from "./progress.ts";
import type { TreeRow } from "./tree.ts";
import { displayWidth, fit, pad, padStart } from "./width.ts";
import { formatElapsed, shortName, tame } from "./words.ts";

export interface TreeLineOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly style: Style;
  /** A builder's name where there is little room. */
  readonly labelOf: (builder: string) => string;
}

/** The rows of the tree as lines: the way, who has it, what happens to it, since when. */
export function treeLines(progress: Progress, rows: readonly TreeRow[], options: TreeLineOptions): string[] {
  const { columns, style } = options;
  const cells = rows.map((row) => cellsOf(progress, row, options));
  const widths = factWidths(cells, columns);
  const nameWidth = columns - sum(Object.values(widths).map(withGap));
  return rows.map(({ prefix, chain, node, isActive }, place) => {
    const lead = prefix.slice(-Math.floor(columns / 2));
    const name = nameCell(lead, [...chain, node], isActive ? nameWidth : columns);
    if (!isActive) return style.dim(lead + name.way + name.own);
    const { where, what, time } = cells[place]!;
    const paint = node.stage === "sending" ? style.warn : style.good;
    const facts = [
      fact(pad(where, widths.where)),
      fact(pad(what, widths.what), paint),
      fact(padStart(time, widths.time)),
    ];
    const filled = " ".repeat(Math.max(0, nameWidth - name.width));
    return `${style.dim(lead + name.way)}${style.bold(name.own)}${filled}${facts.join("")}`;
  });
}

/** Widths of what is said beside the names. Where there is little room, what matters less is left out: its width is 0. */
function factWidths(cells: readonly Cells[], columns: number): Record<keyof Cells, number> {
  const widest = (key: keyof Cells) => Math.max(0, ...cells.map((cell) => displayWidth(cell[key])));
  const most = Math.floor(columns * FACT_SHARE);
  const widths = {
    where: Math.min(widest("where"), most),
    what: Math.min(widest("what"), most),
    time: widest("time"),
  };
  for (const key of ["what", "where", "time"] as const)
    if (columns - sum(Object.values(widths).map(withGap)) < NAME_WIDTH_MIN) widths[key] = 0;
  return widths;
}

function withGap(width: number): number {
  return width === 0 ? 0 : width + GAP.length;
}

function fact(text: string, paint = (plain: string) => plain): string {
  return text === "" ? "" : GAP + paint(text);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

interface Cells {
  readonly where: string;
  readonly what: string;
  readonly time: string;
}

function cellsOf(progress: Progress, { node, isActive }: TreeRow, options: TreeLineOptions): Cells {
  if (!isActive) return { where: "", what: "", time: "" };
  return {
    where: options.labelOf(node.builder),
    what: happening(progress, node),
    time: timeOf(node, options),
  };
}

function happening(progress: Progress, node: BuildNode): string {
  if (node.stage === "building") return node.phase ? tame(node.phase, { colours: false }) : "building";
  let bytes = 0;
  let done = 0;
  for (const transfer of progress.transfers.values()) {
    if (transfer.to !== node.builder) continue;
    bytes += transfer.bytes;
    done += transfer.bytesDone;
  }
  return done > 0 ? `sending ${Math.min(99, Math.floor((done * 100) / bytes))} %` : "sending";
}

/** `12 s`, and where it is known what it will take, and there is room: `12 s of 20 s`. */
function timeOf({ sinceMs, stage, estimateMs }: BuildNode, { nowMs, columns }: TreeLineOptions): string {
  const elapsed = formatElapsed(nowMs - sinceMs);
  if (stage !== "building" || estimateMs === undefined || columns < ESTIMATE_COLUMNS) return elapsed;
  return `${elapsed} of ~${formatElapsed(estimateMs)}`;
}

interface NameCell {
  readonly way: string;
  readonly own: string;
  readonly width: number;
}

/** `site › pages › page-1` in `columns` with its prefix; of a way that is too long the middle gives way. */
function nameCell(prefix: string, nodes: readonly BuildNode[], columns: number): NameCell {
  const room = Math.max(1, columns - displayWidth(prefix));
  const names = nodes.map(({ drvPath }) => shortName(drvPath));
  const own = fit(names.at(-1)!, room);
  const way = wayIn(names.slice(0, -1), room - displayWidth(own));
  const width = displayWidth(prefix) + displayWidth(way) + displayWidth(own);
  return { way, own, width };
}

/** As many names as there is room for: the first, then the last, then those between from the last on. */
function wayIn(names: readonly string[], room: number): string {
  if (names.length === 0) return "";
  const whole = names.slice(0, WAY_MAX).reduce((sum, name) => sum + displayWidth(name) + ARROW.length, 0);
  if (names.length <= WAY_MAX && whole <= room) return names.map((name) => name + ARROW).join("");
  const [first] = names;
  const start = first! + ARROW;
  if (displayWidth(start) + ELISION.length > room) return room >= ELISION.length ? ELISION : "";
  let end = "";
  for (const name of names.slice(1).toReversed()) {
    if (displayWidth(start) + ELISION.length + displayWidth(end) + displayWidth(name) + ARROW.length > room)
      break;
    end = name + ARROW + end;
  }
  return start + ELISION + end;
}

const GAP = "  ";
const ARROW = " › ";
const ELISION = `…${ARROW}`;
/** Names of one way that are looked at: of a longer one the middle is left out whatever the room. */
const WAY_MAX = 12;
const FACT_SHARE = 0.22;
const NAME_WIDTH_MIN = 10;
/** From what width on there is room for an estimate. */
const ESTIMATE_COLUMNS = 100;
