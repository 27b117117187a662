import type { Readable } from "node:stream";

/** Reads what bubblewrap says of its child on `--json-status-fd`. */
export class StatusReader {
  /** The program's exit code (128 + n for signal n); undefined when it never came to run. */
  readonly exitCode: Promise<number | undefined>;

  constructor(stream: Readable) {
    this.exitCode = readExitCode(stream);
  }
}

async function readExitCode(stream: Readable): Promise<number | undefined> {
  let text = "";
  try {
    for await (const chunk of stream) if (text.length < STATUS_CHARS_MAX) text += String(chunk);
  } catch {
    // A status that breaks off is one without an exit code.
  }
  const found = /"exit-code"\s*:\s*(\d+)/.exec(text);
  return found ? Number(found[1]) : undefined;
}

const STATUS_CHARS_MAX = 65_536;
