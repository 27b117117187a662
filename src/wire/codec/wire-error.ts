import { ElsewhereError, EndOfInputError, messageOf } from "#base/errors.ts";
import { SHORT } from "./cursor.ts";

/** A message that cannot be decoded or encoded. The cause is what is wrong with the value at `path`. */
export class WireError extends ElsewhereError {
  override readonly name = "WireError";
  readonly verb: Verb;
  /** Where in the message: `willBuild.1`. */
  readonly path: string;

  constructor(verb: Verb, path: string, cause: unknown) {
    super(
      cause instanceof ElsewhereError ? cause.code : "MALFORMED",
      `Cannot ${verb} ${path}: ${reasonOf(cause)}`,
      {
        cause,
        ...(cause instanceof ElsewhereError && cause.hint !== undefined ? { hint: cause.hint } : {}),
      },
    );
    this.verb = verb;
    this.path = path;
  }
}

export type Verb = "decode" | "encode";

/** What to throw on when `error` came out of the part `segment` of a message. */
export function within(verb: Verb, segment: string | number, error: unknown): unknown {
  if (error === SHORT || error instanceof EndOfInputError) return error;
  if (error instanceof WireError) return new WireError(error.verb, `${segment}.${error.path}`, error.cause);
  return new WireError(verb, `${segment}`, error);
}

function reasonOf(cause: unknown): string {
  const message = messageOf(cause);
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
