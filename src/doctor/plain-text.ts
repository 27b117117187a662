/** What a peer or a program said, on one line, without colours and whatever else would move a cursor. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll(/\s+/g, " ").trim();
}

/** The same with its lines. */
export function plainText(text: string): string {
  return text.replaceAll(ESCAPE_SEQUENCES, "").replaceAll(CONTROLS, "");
}

/** Source: ECMA-48, control sequences. */
const ESCAPE_SEQUENCES = /\x1b\[[0-?]*[ -/]*[@-~]/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
