import { MalformedError } from "#base/errors.ts";
import type { JsonValue } from "./json-value.ts";

type Opened = { readonly list: JsonValue[] } | { readonly object: Map<string, JsonValue>; key: string };

/** Parses one JSON text with a stack of its own. */
export class JsonParser {
  readonly #text: string;
  readonly #what: string;
  readonly #open: Opened[] = [];
  #at = 0;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  parse(): JsonValue {
    for (;;) {
      const value = this.#begin();
      if (value === undefined) continue;
      const whole = this.#finish(value);
      if (whole !== undefined) return whole;
    }
  }

  /** A scalar or an empty collection; undefined after the start of a collection that holds something. */
  #begin(): JsonValue | undefined {
    this.#space();
    if (this.#take("[")) {
      if (this.#take("]")) return [];
      this.#open.push({ list: [] });
      return undefined;
    }
    if (this.#take("{")) {
      if (this.#take("}")) return new Map();
      this.#open.push({ object: new Map(), key: this.#key() });
      return undefined;
    }
    return this.#scalar();
  }

  /** Puts a value in its place and closes what ends after it; the whole, when that was the last. */
  #finish(value: JsonValue): JsonValue | undefined {
    let done = value;
    for (let top = this.#open.at(-1); top; top = this.#open.at(-1)) {
      if ("list" in top) top.list.push(done);
      else top.object.set(top.key, done);
      if (this.#take(",")) {
        if ("object" in top) top.key = this.#key();
        return undefined;
      }
      if (!this.#take("list" in top ? "]" : "}")) this.#fail("want a comma or the end of the collection");
      done = "list" in top ? top.list : top.object;
      this.#open.pop();
    }
    if (this.#at !== this.#text.length) this.#fail("want the end");
    return done;
  }

  #key(): string {
    if (this.#text[this.#at] !== '"') this.#fail("want a key");
    const key = this.#string();
    if (!this.#take(":")) this.#fail("want a colon");
    return key;
  }

  #scalar(): JsonValue {
    if (this.#text[this.#at] === '"') return this.#string();
    for (const [word, value] of WORDS) if (this.#take(word)) return value;
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text)?.[0];
    if (number === undefined) this.#fail("want a value");
    this.#at += number.length;
    this.#space();
    return parseNumber(number);
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    for (; end < this.#text.length; end++) {
      const code = this.#text.charCodeAt(end);
      if (code === QUOTE) break;
      if (code === BACKSLASH) end++;
    }
    this.#at = end + 1;
    const string = parseString(this.#text.slice(start, end + 1));
    if (string === undefined) {
      this.#at = start;
      this.#fail("this text is malformed");
    }
    this.#space();
    return string;
  }

  #take(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    this.#space();
    return true;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #fail(why: string): never {
    const rest = this.#text.slice(this.#at, this.#at + QUOTED_CHARS_MAX);
    throw new MalformedError(`JSON of ${this.#what}`, rest, `at character ${this.#at}: ${why}`);
  }
}

function parseString(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}

/** Whole numbers up to 64 bits stay exact, as in Nix; larger ones become floating. */
function parseNumber(text: string): bigint | number {
  if (!/^-?\d{1,20}$/.test(text)) return Number(text);
  const whole = BigInt(text);
  return whole >= WHOLE_MIN && whole <= WHOLE_MAX ? whole : Number(text);
}

const WORDS: readonly (readonly [string, JsonValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const WHOLE_MIN = -(2n ** 63n);
const WHOLE_MAX = 2n ** 64n - 1n;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const QUOTED_CHARS_MAX = 40;
