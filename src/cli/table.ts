/**
 * Columns as wide as they must be. Where the line is longer than `columns`, the widest column gives way, and the
 * first one, which names what the line is about, only when no other can. With no `columns` nothing is cut.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns?: number,
): string {
  const all = [head, ...rows];
  const widths = head.map((_, index) => Math.max(...all.map((row) => (row[index] ?? "").length)));
  if (columns !== undefined) shrink(widths, columns - GAP.length * (head.length - 1));
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

function shrink(widths: number[], room: number): void {
  while (sum(widths) > room) {
    const widest = Math.max(...widths.slice(1));
    const column = widest > WIDTH_MIN ? widths.lastIndexOf(widest) : 0;
    if (widths[column]! <= WIDTH_MIN) return;
    widths[column]!--;
  }
}

function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const GAP = "  ";
const WIDTH_MIN = 8;
