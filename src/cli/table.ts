/** Columns as wide as they must be; where the line is too long, the widest column gives way. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string {
  const all = [head, ...rows];
  const widths = head.map((_, index) => Math.max(...all.map((row) => (row[index] ?? "").length)));
  const gaps = GAP.length * (head.length - 1);
  for (let over = sum(widths) + gaps - columns; over > 0; over = sum(widths) + gaps - columns) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= WIDTH_MIN) break;
    widths[widest] = Math.max(WIDTH_MIN, widths[widest]! - over);
  }
  return all
    .map(
      (row) =>
        `${widths
          .map((width, index) => cell(row[index] ?? "", width))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join("");
}

function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const GAP = "  ";
const WIDTH_MIN = 8;
