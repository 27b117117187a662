import { decodeText } from "#base/text.ts";

/** Keeps the last part of what a process says, for the error that it may end in. */
export class OutputTail {
  #text = "";

  push(chunk: Uint8Array): void {
    this.#text = (this.#text + decodeText(chunk)).slice(-TAIL_CHARS_MAX);
  }

  /** Without blank lines and carriage returns at the ends. */
  get text(): string {
    return this.#text.replaceAll("\r", "").trim();
  }
}

/** Longest tail, in characters. */
const TAIL_CHARS_MAX = 4096;
