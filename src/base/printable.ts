/** A text without what would move a cursor or end a line: for names that anybody may have chosen. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "?").toWellFormed();
}

const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
