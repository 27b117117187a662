import assert from "node:assert/strict";
import stringWidth from "string-width";

interface Row {
  /** One for each column: a character, or nothing where a wide one before it reaches into it. */
  cells: string[];
  /** The row below goes on where this one was full. */
  isWrapped: boolean;
}

/**
 * A terminal that applies what is written to it, so that tests see what a person would. It wraps, scrolls, and on a resize
 * breaks its lines anew, as most do. A sequence that it does not know is an error of who wrote it.
 */
export class Screen {
  columns: number;
  rows: number;
  /** Characters that were written so far. */
  written = 0;
  /** Whether a frame has begun that has not ended. */
  isSynchronised = false;
  #lines: Row[] = [emptyRow()];
  /** Of the first row that is seen. */
  #top = 0;
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    this.written += text.length;
    for (let rest = text; rest !== ""; ) {
      const sequence = SEQUENCE.exec(rest);
      if (sequence) {
        this.#apply(sequence[1]!, sequence[2]!);
        rest = rest.slice(sequence[0].length);
        continue;
      }
      assert.notEqual(rest[0], "\x1b", `no terminal knows ${JSON.stringify(rest.slice(0, 20))}`);
      const [{ segment }] = GRAPHEMES.segment(rest) as unknown as [{ segment: string }];
      this.#put(segment);
      rest = rest.slice(segment.length);
    }
  }

  /** What is seen, row by row, without spaces at the ends; empty rows at the end are left out. */
  seen(): string[] {
    return trimmed(this.#lines.slice(this.#top).map(textOf));
  }

  /** All that was ever shown and not overwritten. */
  all(): string[] {
    return trimmed(this.#lines.map(textOf));
  }

  resize(columns: number, rows: number): void {
    const unbroken: string[][] = [];
    let cursor = { line: 0, offset: 0 };
    let goesOn = false;
    for (const [place, { cells, isWrapped }] of this.#lines.entries()) {
      if (!goesOn) unbroken.push([]);
      const line = unbroken.at(-1)!;
      if (place === this.#row) cursor = { line: unbroken.length - 1, offset: line.length + this.#column };
      line.push(...(isWrapped ? padded(cells, this.columns) : cells));
      goesOn = isWrapped;
    }
    this.columns = columns;
    this.rows = rows;
    this.#lines = [];
    for (const [line, cells] of unbroken.entries()) {
      if (line === cursor.line) {
        this.#row = this.#lines.length + Math.floor(cursor.offset / columns);
        this.#column = cursor.offset % columns;
      }
      this.#lines.push(...broken(cells, columns));
    }
    while (this.#lines.length <= this.#row) this.#lines.push(emptyRow());
    this.#top = Math.max(0, this.#row - rows + 1, this.#lines.length - rows);
  }

  #put(character: string): void {
    if (character === "\n" || character === "\r\n") {
      this.#column = 0;
      this.#down();
      return;
    }
    if (character === "\r") {
      this.#column = 0;
      return;
    }
    const width = stringWidth(character);
    if (this.#column + width > this.columns) {
      this.#lines[this.#row]!.isWrapped = true;
      this.#column = 0;
      this.#down();
    }
    const { cells } = this.#lines[this.#row]!;
    while (cells.length < this.#column) cells.push(" ");
    cells[this.#column] = character;
    for (let more = 1; more < width; more++) cells[this.#column + more] = "";
    this.#column += width;
  }

  #down(): void {
    this.#row++;
    if (this.#row === this.#lines.length) this.#lines.push(emptyRow());
    this.#top = Math.max(this.#top, this.#row - this.rows + 1);
  }

  #apply(parameters: string, final: string): void {
    const count = Number(parameters || "1");
    switch (final) {
      case "A":
        this.#row = Math.max(this.#top, this.#row - count);
        return;
      case "K":
        assert.equal(parameters, "");
        this.#lines[this.#row]!.cells.length = Math.min(this.#lines[this.#row]!.cells.length, this.#column);
        this.#lines[this.#row]!.isWrapped = false;
        return;
      case "J":
        assert.equal(parameters, "");
        this.#apply("", "K");
        this.#lines.length = this.#row + 1;
        return;
      case "m":
        return;
      case "h":
      case "l":
        assert.equal(parameters, "?2026");
        assert.equal(this.isSynchronised, final === "l", "frames begin and end in turn");
        this.isSynchronised = final === "h";
        return;
      default:
        assert.fail(`no terminal knows ${parameters}${final}`);
    }
  }
}

function emptyRow(): Row {
  return { cells: [], isWrapped: false };
}

function textOf({ cells }: Row): string {
  return Array.from(cells, (cell) => cell ?? " ")
    .join("")
    .trimEnd();
}

function trimmed(lines: string[]): string[] {
  const last = lines.findLastIndex((line) => line !== "");
  return lines.slice(0, last + 1);
}

function padded(cells: readonly string[], columns: number): string[] {
  return [...cells, ...Array.from({ length: columns - cells.length }, () => " ")];
}

function broken(cells: readonly string[], columns: number): Row[] {
  if (cells.length === 0) return [emptyRow()];
  const rows: Row[] = [];
  for (let at = 0; at < cells.length; at += columns)
    rows.push({ cells: cells.slice(at, at + columns), isWrapped: at + columns < cells.length });
  return rows;
}

const SEQUENCE = /^\x1b\[([0-9;?]*)([A-Za-z])/;
const GRAPHEMES = new Intl.Segmenter();
