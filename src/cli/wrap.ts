/**
 * Breaks a text at spaces so that no line has more than `columns` characters; lines after the first begin with `indent`,
 * which is not counted. Longer words stay whole.
 */
export function wrap(text: string, columns: number, indent = ""): string {
  return fill(text.split(/\s+/), columns, indent);
}

/** The same, where what stands in single quotes stays in one line if it fits into one. */
export function wrapQuoting(text: string, columns: number, indent = ""): string {
  const words = text.match(QUOTED_OR_WORD) ?? [];
  return fill(
    words.flatMap((word) => (word.length <= columns ? [word] : word.split(" "))),
    columns,
    indent,
  );
}

function fill(words: readonly string[], columns: number, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of words)
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  lines.push(line);
  return lines.join(`\n${indent}`);
}

const QUOTED_OR_WORD = /'[^']+'\S*|\S+/g;
