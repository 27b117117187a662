import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { LimitError, MalformedError } from "#base/errors.ts";
import { asBuffer, compareText, decodeText, textByteLength } from "#base/text.ts";

/** Walks over the ATerm text of a derivation. Every fault names the position, in bytes, where it was found. */
export class DrvScanner {
  readonly #text: string;
  readonly #what: string;
  readonly #isAscii: boolean;
  /** Whether each character of the text is a byte, since the whole is not UTF-8; each string is decoded alone. */
  readonly #isBytes: boolean = false;
  #at = 0;
  /** Where the next backslash is, at or after the last string's start. */
  #backslash = -1;

  constructor(contents: Uint8Array | string, what: string) {
    if (contents.length > DERIVATION_BYTES_MAX)
      throw new LimitError(`${what} (bytes)`, contents.length, DERIVATION_BYTES_MAX);
    if (typeof contents === "string") {
      this.#text = contents;
      this.#isAscii = !NON_ASCII.test(contents);
    } else {
      const bytes = asBuffer(contents);
      this.#isAscii = isAscii(bytes);
      this.#isBytes = !this.#isAscii && !isUtf8(bytes);
      this.#text = bytes.toString(this.#isAscii || this.#isBytes ? "latin1" : "utf8");
    }
    this.#what = what;
  }

  /** Takes exactly `literal`. */
  expect(literal: string): void {
    if (!this.take(literal)) this.fail(`want '${literal}'`);
  }

  /** Takes `literal` if it comes next. */
  take(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }

  /** After `[` and after each item: whether another item follows; takes the comma or the closing bracket. */
  hasItem(isFirst: boolean): boolean {
    if (this.take("]")) return false;
    if (!isFirst) this.expect(",");
    return true;
  }

  /** A quoted string. */
  string(): string {
    const string = this.#string();
    return this.#isBytes ? decodeText(Buffer.from(string, "latin1")) : string;
  }

  #string(): string {
    const start = this.#at + 1;
    if (this.#text.charCodeAt(this.#at) !== QUOTE) this.fail("want a string");
    const end = this.#text.indexOf('"', start);
    if (end < 0) this.fail("a string has no end");
    if (this.#backslash < start) this.#findBackslash(start);
    if (end > this.#backslash) return this.#escapedString(start);
    this.#at = end + 1;
    return this.#text.slice(start, end);
  }

  /** A list of strings in brackets. */
  strings(): string[] {
    const items: string[] = [];
    this.expect("[");
    for (let isFirst = true; this.hasItem(isFirst); isFirst = false) items.push(this.string());
    return items;
  }

  /** What is left, as it stands there. */
  rest(): string {
    return this.#text.slice(this.#at);
  }

  end(): void {
    if (this.#at !== this.#text.length) this.fail("want the end");
  }

  /** Whether the texts are in the order of their bytes, without duplicates. */
  isOrdered(earlier: string, later: string): boolean {
    return this.#isAscii ? earlier < later : compareText(earlier, later) < 0;
  }

  fail(why: string): never {
    const rest = this.#text.slice(this.#at, this.#at + QUOTED_CHARS_MAX);
    const before = this.#text.slice(0, this.#at);
    const position = this.#isBytes ? before.length : textByteLength(before);
    throw new MalformedError(this.#what, rest, `at byte ${position}: ${why}`);
  }

  #findBackslash(from: number): void {
    const found = this.#text.indexOf("\\", from);
    this.#backslash = found < 0 ? this.#text.length : found;
  }

  #escapedString(start: number): string {
    const text = this.#text;
    let isJson = true;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code > BACKSLASH) continue;
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        const escaped = text.charCodeAt(++at);
        if (escaped !== QUOTE && escaped !== BACKSLASH && !isLetterEscape(escaped)) isJson = false;
      } else if (code < SPACE) isJson = false;
    }
    if (at >= text.length) this.fail("a string has no end");
    this.#at = at + 1;
    // JSON's escapes are the same as far as they go, and the engine's own parser is many times faster.
    if (isJson) return JSON.parse(text.slice(start - 1, at + 1)) as string;
    return text.slice(start, at).replace(/\\([\s\S])/g, (_, char: string) => ESCAPED[char] ?? char);
  }
}

/** Whether it is n, r or t. */
function isLetterEscape(code: number): boolean {
  return code === 0x6e || code === 0x72 || code === 0x74;
}

/** Largest `.drv` file that is read, in bytes. The largest known are below 2 MB. */
export const DERIVATION_BYTES_MAX = 64 * 1024 * 1024;

const NON_ASCII = /[^\x00-\x7f]/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const QUOTED_CHARS_MAX = 40;
const ESCAPED: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
