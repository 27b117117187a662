import { stripVTControlCharacters } from "node:util";
import { displayWidth } from "./width.ts";

/**
 * Some lines at the end of a terminal that change in place, below what was said. A frame is written as a whole, and of it
 * only the lines that differ from the last. The cursor rests below the last line.
 */
export class LiveWindow {
  readonly #write: (text: string) => void;
  #shown: readonly string[] = [];
  /** The terminal has other measures: how many rows the lines take is to be reckoned anew. */
  #isMoved = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Says `above` for good, and shows `lines` below it. None of `lines` may be as wide as the terminal. */
  show(above: readonly string[], lines: readonly string[], columns: number): void {
    const text = this.#isMoved || above.length > 0 ? this.#anew(above, lines, columns) : this.#changed(lines);
    this.#shown = lines;
    this.#isMoved = false;
    if (text !== "") this.#write(`${SYNCHRONISED}${text}${END_SYNCHRONISED}`);
  }

  resized(): void {
    this.#isMoved = true;
  }

  #anew(above: readonly string[], lines: readonly string[], columns: number): string {
    const rows = this.#isMoved ? rowsOf(this.#shown, columns) : this.#shown.length;
    // What is moved is cleared before; else lines are written over lines, which nobody sees.
    const start = up(rows) + (this.#isMoved ? CLEAR_BELOW : "");
    return `${start}${[...above, ...lines].map((line) => `${line}${CLEAR_LINE}\n`).join("")}${CLEAR_BELOW}`;
  }

  #changed(lines: readonly string[]): string {
    const before = this.#shown;
    const first = lines.findIndex((line, place) => line !== before[place]);
    if (first < 0 && lines.length === before.length) return "";
    const from = first < 0 ? lines.length : first;
    const written = lines
      .slice(from)
      .map((line, offset) => (line === before[from + offset] ? "\n" : `${line}${CLEAR_LINE}\n`));
    const isShorter = lines.length < before.length;
    return `${up(before.length - from)}${written.join("")}${isShorter ? CLEAR_BELOW : ""}`;
  }
}

/** How many rows lines take by now: in a terminal that became narrower they wrap. */
function rowsOf(lines: readonly string[], columns: number): number {
  const width = (line: string) => displayWidth(stripVTControlCharacters(line));
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(width(line) / columns)), 0);
}

/** To the beginning of a line, `rows` further up. */
function up(rows: number): string {
  return rows > 0 ? `\x1b[${rows}A\r` : "";
}

const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
/** Terminals that know these show a frame as a whole, without flicker; others ignore them. */
const SYNCHRONISED = "\x1b[?2026h";
const END_SYNCHRONISED = "\x1b[?2026l";
