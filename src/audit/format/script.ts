import { decodeText } from "#base/text.ts";
import type { Binary } from "./binary.ts";

/** Reads the first line of a script. Source: Linux, `binfmt_script`. */
export function readScript(head: Uint8Array): Binary | undefined {
  const line = head.subarray(2, LINE_BYTES_MAX);
  const end = line.indexOf(NEWLINE);
  const [interpreter, argument] = decodeText(end < 0 ? line : line.subarray(0, end))
    .trim()
    .split(/[ \t]+/, 2);
  if (!interpreter?.startsWith("/")) return undefined;
  // `env` only looks for what is meant.
  const meant = /\/bin\/env$/.test(interpreter) && argument?.startsWith("/") ? argument : interpreter;
  return { format: "script", kind: "script", machines: [], interpreter: meant };
}

const NEWLINE = 10;
const LINE_BYTES_MAX = 1024;
