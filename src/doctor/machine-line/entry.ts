/** One machine as it is written, before it means anything. */
export interface MachineEntry {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Of the entry's first letter, from 1. */
  readonly column: number;
  /** Without comments and blanks around it. */
  readonly text: string;
  /** The whole line that it stands on. */
  readonly whole: string;
  readonly fields: readonly EntryField[];
}

interface EntryField {
  readonly text: string;
  /** From 1, in the whole line. */
  readonly column: number;
}

/** `FILE:LINE:COLUMN`, of the whole entry. */
export function placeOf({ file, line, column }: MachineEntry): string {
  return `${file}:${line}:${column}`;
}

/** What `@FILE` names. */
interface MachinesFile {
  readonly path: string;
  /** Where it is named. */
  readonly namedBy: { readonly file: string; readonly line: number };
  /** Undefined where there is no such file. */
  readonly text: string | undefined;
}

export interface WrittenMachines {
  readonly entries: readonly MachineEntry[];
  readonly files: readonly MachinesFile[];
}

/** The machines of a `builders` setting with the files that it names, each with its place. `readFile` may throw. */
export function readEntries(
  text: string,
  file: string,
  readFile: (path: string) => string | undefined,
  depth = 0,
): WrittenMachines {
  const entries: MachineEntry[] = [];
  const files: MachinesFile[] = [];
  for (const entry of entriesOf(text, file)) {
    if (!entry.text.startsWith("@")) {
      entries.push(entry);
      continue;
    }
    const path = entry.text.slice(1).trim();
    const included = readFile(path);
    files.push({ path, namedBy: { file, line: entry.line }, text: included });
    if (included === undefined || depth >= INCLUDE_DEPTH_MAX || isToml(included)) continue;
    const inner = readEntries(included, path, readFile, depth + 1);
    entries.push(...inner.entries);
    files.push(...inner.files);
  }
  return { entries, files };
}

/** Lix's form, whose fields have names: nothing in it can be shifted. */
function isToml(text: string): boolean {
  return /^\s*version\s*=/m.test(text);
}

function entriesOf(text: string, file: string): MachineEntry[] {
  return text.split("\n").flatMap((whole, index) => {
    let column = 1;
    return whole
      .replace(/#.*$/s, "")
      .split(";")
      .flatMap((piece): MachineEntry[] => {
        const start = column;
        column += piece.length + 1;
        const fields = Array.from(piece.matchAll(/[^ \t\r]+/g), (match) => ({
          text: match[0],
          column: start + match.index,
        }));
        const [first] = fields;
        return first
          ? [{ file, line: index + 1, column: first.column, text: piece.trim(), whole, fields }]
          : [];
      });
  });
}

/** Files within files. */
const INCLUDE_DEPTH_MAX = 16;
