/**
 * Breaks a text at spaces so that no line has more than `room` characters; lines after the first begin with `indent`,
 * which is not counted. What stands in single quotes stays in one line where it fits into one.
 */
export function wrap(text: string, room: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(WORD) ?? [])
    for (const part of word.length <= room ? [word] : word.split(" ")) {
      if (line !== "" && line.length + 1 + part.length > room) {
        lines.push(line);
        line = part;
      } else line = line === "" ? part : `${line} ${part}`;
    }
  lines.push(line);
  return lines.join(`\n${indent}`);
}

const WORD = /'[^']+'\S*|\S+/g;
