import { Buffer } from "node:buffer";
import { asBuffer, decodeText } from "#base/text.ts";

/** Cuts a stream of bytes into lines; one that is too long is cut in pieces. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    let rest = this.#rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#rest, chunk]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#onLine(decodeText(rest.subarray(0, end)));
      rest = rest.subarray(end + 1);
    }
    for (; rest.length > LINE_BYTES_MAX; rest = rest.subarray(LINE_BYTES_MAX))
      this.#onLine(decodeText(rest.subarray(0, LINE_BYTES_MAX)));
    this.#rest = Buffer.from(rest);
  }

  /** The last line, when no newline ended it. */
  end(): void {
    if (this.#rest.length > 0) this.#onLine(decodeText(this.#rest));
    this.#rest = Buffer.alloc(0);
  }
}

const NEWLINE = 0x0a;
/** Longest line, in bytes. */
const LINE_BYTES_MAX = 64 * 1024;
