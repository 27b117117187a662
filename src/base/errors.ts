/** What an error carries beside its sentence. */
export interface ErrorDetails {
  /** What the reader can type or change to mend it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * An error with a stable code. The message says what was attempted and what was found;
 * the hint says what to do. Everything that a user can cause is one of these.
 */
export class ElsewhereError extends Error {
  override readonly name: string = "ElsewhereError";
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}

/** Text or bytes that are not what they should be. */
export class MalformedError extends ElsewhereError {
  override readonly name = "MalformedError";

  constructor(what: string, found: string, why?: string, details: ErrorDetails = {}) {
    super("MALFORMED", `Cannot parse ${what} '${abridge(found)}'${why ? `: ${why}` : ""}`, details);
  }
}

/** The input ended, or the peer hung up, in the middle of something. */
export class EndOfInputError extends ElsewhereError {
  override readonly name = "EndOfInputError";

  constructor(what: string, details: ErrorDetails = {}) {
    super("END_OF_INPUT", `Cannot read ${what}: the input ended early`, details);
  }
}

/** A bound of ours was passed: `what` names it, both figures are in its unit. */
export class LimitError extends ElsewhereError {
  override readonly name = "LimitError";

  constructor(what: string, found: number | bigint, limit: number) {
    super("LIMIT", `Cannot accept ${what}: ${found} is above the limit of ${limit}`);
  }
}

/** Marks a switch as closed: the compiler refuses a case that nobody handles. */
export function unreachable(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}

/** The sentence of anything that was thrown. */
export function messageOf(error: unknown): string {
  // What went wrong first says more than what then went wrong in tidying up.
  if (error instanceof SuppressedError) return messageOf(error.suppressed);
  return error instanceof Error ? error.message : String(error);
}

function abridge(text: string): string {
  return text.length <= FOUND_CHARS_MAX ? text : `${text.slice(0, FOUND_CHARS_MAX)}…`;
}

/** How much of a malformed text an error quotes, in characters. */
const FOUND_CHARS_MAX = 200;
