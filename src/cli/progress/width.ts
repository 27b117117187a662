import stringWidth from "string-width";

/** Columns that a text takes in a terminal: two for a wide character, none for an escape code. */
export function displayWidth(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
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
  for (const { segment } of GRAPHEMES.segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    taken += segment;
  }
  return taken;
}

const PLAIN = /^[\x20-\x7e]*$/;
const GRAPHEMES = new Intl.Segmenter();
