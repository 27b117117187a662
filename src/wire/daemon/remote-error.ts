import { ElsewhereError } from "#base/errors.ts";
import type { RemoteFailure } from "./stderr.ts";

/** An operation that the server says has failed. The connection stays usable. */
export class RemoteError extends ElsewhereError {
  override readonly name = "RemoteError";
  readonly failure: RemoteFailure;

  constructor(failure: RemoteFailure) {
    super("REMOTE", [failure.message, ...failure.traces].join("\n"));
    this.failure = failure;
  }
}
