import { ElsewhereError } from "#base/errors.ts";

/** A path that the store does not have. */
export class InvalidPathError extends ElsewhereError {
  override readonly name = "InvalidPathError";
  constructor(printedPath: string) {
    super("INVALID_PATH", `Cannot use '${printedPath}': path '${printedPath}' is not valid`);
  }
}
