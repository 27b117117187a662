import type { Style } from "../style.ts";
import { displayWidth, fit, pad, padStart } from "./width.ts";

/** Something that goes on: what leads to it, its name, and what there is to say of it. */
export interface FactRow {
  /** The lines that lead to it: `│ ├ `. */
  readonly prefix: string;
  /** Names of what it is for, from what was asked for down to it. */
  readonly way: readonly string[];
  readonly name: string;
  /** Absent for a row that only joins others. */
  readonly facts?: Facts;
}

export interface Facts {
  readonly where: string;
  readonly what: string;
  readonly time: string;
  readonly paint: (text: string) => string;
}

/** Rows as lines with the facts below each other. Where there is little room, what matters less is left out. */
export function factLines(
  rows: readonly FactRow[],
  { columns, style }: { columns: number; style: Style },
): string[] {
  const widths = factWidths(rows, columns);
  const nameWidth = columns - sum(Object.values(widths).map(withGap));
  return rows.map(({ prefix, way, name, facts }) => {
    const lead = prefix.slice(-Math.floor(columns / 2));
    const cell = nameCell(lead, { way, name }, facts ? nameWidth : columns);
    if (!facts) return style.dim(lead + cell.way + cell.own);
    const { where, what, time, paint } = facts;
    const said = [
      fact(pad(where, widths.where)),
      fact(pad(what, widths.what), paint),
      fact(padStart(time, widths.time)),
    ];
    const filled = " ".repeat(Math.max(0, nameWidth - cell.width));
    return `${style.dim(lead + cell.way)}${style.bold(cell.own)}${filled}${said.join("")}`;
  });
}

type Said = "where" | "what" | "time";

/** Widths of what is said beside the names; what is left out has the width 0. */
function factWidths(rows: readonly FactRow[], columns: number): Record<Said, number> {
  const widest = (key: Said) => Math.max(0, ...rows.map(({ facts }) => displayWidth(facts?.[key] ?? "")));
  const most = Math.floor(columns * FACT_SHARE);
  const widths = {
    where: Math.min(widest("where"), most),
    what: Math.min(widest("what"), Math.max(most, WHAT_WIDTH)),
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

interface NameCell {
  readonly way: string;
  readonly own: string;
  readonly width: number;
}

/** `site › pages › page-1` in `columns` with its prefix; of a way that is too long the middle gives way. */
function nameCell(prefix: string, { way, name }: Pick<FactRow, "way" | "name">, columns: number): NameCell {
  const room = Math.max(1, columns - displayWidth(prefix));
  const own = fit(name, room);
  const shown = wayIn(way, room - displayWidth(own));
  const width = displayWidth(prefix) + displayWidth(shown) + displayWidth(own);
  return { way: shown, own, width };
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
/** Room for `fetching 45 %`. */
const WHAT_WIDTH = 13;
const NAME_WIDTH_MIN = 10;
