import { createRequire } from "node:module";

/** Columns that a text takes in a terminal: two for a wide character, none for an escape code. */
export function displayWidth(text: string): number {
  return PLAIN.test(text) ? text.length : unicode().stringWidth(text);
}

/** At most `columns` wide, with an ellipsis at its end where something was cut. For text without escape codes. */
export function fit(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns < 1) return "";
  return `${beginning(text, columns - 1)}…`;
}

/** Exactly `columns` wide: cut, or filled with spaces at its end. */
export function pad(text: string, columns: number): string {
  const fitted = fit(text, columns);
  return fitted + " ".repeat(Math.max(0, columns - displayWidth(fitted)));
}

/** Exactly `columns` wide, filled with spaces at its beginning. */
export function padStart(text: string, columns: number): string {
  const fitted = fit(text, columns);
  return " ".repeat(Math.max(0, columns - displayWidth(fitted))) + fitted;
}

function beginning(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, columns);
  let taken = "";
  let width = 0;
  const { stringWidth, graphemes } = unicode();
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    taken += segment;
  }
  return taken;
}

/** The tables of Unicode take longer to load than a short command takes: only what is not plain needs them. */
function unicode(): Unicode {
  tables ??= {
    stringWidth: createRequire(import.meta.url)("string-width").default,
    graphemes: new Intl.Segmenter(),
  };
  return tables;
}

interface Unicode {
  readonly stringWidth: (text: string) => number;
  readonly graphemes: Intl.Segmenter;
}

let tables: Unicode | undefined;
const PLAIN = /^[\x20-\x7e]*$/;
