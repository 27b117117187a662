import { MalformedError } from "#base/errors.ts";

/** Splits a text into words as a shell does: blanks part them; quotes and backslashes keep them together. */
export function splitShellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (BLANK.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const end = closingQuote(text, at);
      const inside = text.slice(at + 1, end);
      word = (word ?? "") + (char === '"' ? inside.replace(ESCAPED_IN_QUOTES, "$1") : inside);
      at = end;
    } else {
      if (char === "\\") at++;
      word = (word ?? "") + (text[at] ?? "");
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** A word as it must be written for a shell to read it unchanged. */
export function quoteShellWord(word: string): string {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[open] === '"' && text[at] === "\\") at++;
    else if (text[at] === text[open]) return at;
  }
  throw new MalformedError("words", text, "a quote is not closed");
}

const BLANK = /[ \t\n\r]/;
const ESCAPED_IN_QUOTES = /\\(["\\$`])/g;
const SAFE = /^[A-Za-z0-9_@%+=:,./~-]+$/;
