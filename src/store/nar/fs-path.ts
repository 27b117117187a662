import type { Buffer } from "node:buffer";
import { encodeText } from "#base/text.ts";

/** A text of `base/text.ts` as a path for `node:fs`: bytes where the text is not UTF-8. */
export function toFsPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodeText(path);
}
