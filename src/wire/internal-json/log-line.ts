import { MalformedError } from "#base/errors.ts";
import { parseJson } from "#nix/json-text.ts";
import type { JsonValue } from "#nix/json-value.ts";
import { type LogEvent, type LogField, VERBOSITY } from "#nix/log-event.ts";

/** The line, without its end. Source: Nix, `JSONLogger`: keys in order, no fields where there are none. */
export function formatLogLine(line: LogEvent): string {
  return LOG_LINE_MARK + JSON.stringify(toJson(line));
}

/** What a line says; undefined for one without Nix's mark, and for an action that is not of the log. */
export function parseLogLine(text: string): LogEvent | undefined {
  if (!text.startsWith(LOG_LINE_MARK)) return undefined;
  const json = text.slice(LOG_LINE_MARK.length);
  const said = parseJson(json, "a log line");
  if (!(said instanceof Map)) throw new MalformedError("log line", text, "want an object");
  return new LineReader(said, text).line();
}

/** Texts may hold bytes that are no UTF-8; JSON may not, and Nix replaces them as well. */
function toJson(line: LogEvent): object {
  switch (line.kind) {
    case "message": {
      const { level = VERBOSITY.info } = line;
      const msg = line.text.toWellFormed();
      if (line.rawText === undefined) return { action: "msg", level, msg };
      const place = { column: null, file: null, level, line: null };
      return { action: "msg", ...place, msg, raw_msg: line.rawText.toWellFormed() };
    }
    case "start": {
      const { id, level, parent, type } = line;
      return { action: "start", ...fieldsOf(line), id, level, parent, text: line.text.toWellFormed(), type };
    }
    case "stop":
      return { action: "stop", id: line.id };
    case "result":
      return { action: "result", ...fieldsOf(line), id: line.id, type: line.type };
  }
}

function fieldsOf({ fields }: { readonly fields: readonly LogField[] }): { fields?: readonly LogField[] } {
  if (fields.length === 0) return {};
  return { fields: fields.map((field) => (typeof field === "string" ? field.toWellFormed() : field)) };
}

class LineReader {
  readonly #said: ReadonlyMap<string, JsonValue>;
  readonly #text: string;

  constructor(said: ReadonlyMap<string, JsonValue>, text: string) {
    this.#said = said;
    this.#text = text;
  }

  line(): LogEvent | undefined {
    switch (this.#textAt("action")) {
      case "msg": {
        const message = { kind: "message" as const, level: this.#number("level"), text: this.#textAt("msg") };
        return this.#said.has("raw_msg") ? { ...message, rawText: this.#textAt("raw_msg") } : message;
      }
      case "start":
        return {
          kind: "start",
          id: this.#id("id"),
          level: this.#number("level"),
          type: this.#number("type"),
          text: this.#textAt("text"),
          fields: this.#fields(),
          parent: this.#said.has("parent") ? this.#id("parent") : 0,
        };
      case "stop":
        return { kind: "stop", id: this.#id("id") };
      case "result":
        return {
          kind: "result",
          id: this.#id("id"),
          type: this.#number("type"),
          fields: this.#fields(),
        };
      default:
        return undefined;
    }
  }

  #textAt(key: string): string {
    const value = this.#said.get(key);
    return typeof value === "string" ? value : this.#refuse(key, "a text");
  }

  /** A process id in the upper half, a counter in the lower; the process id loses what passes 2^53. */
  #id(key: string): number {
    const value = this.#said.get(key);
    if (typeof value !== "bigint" || value < 0n) return this.#refuse(key, "a whole number");
    return Number(value & BigInt(Number.MAX_SAFE_INTEGER));
  }

  #number(key: string): number {
    const value = this.#said.get(key);
    if (typeof value !== "bigint" || value < 0n || value > Number.MAX_SAFE_INTEGER)
      return this.#refuse(key, "a whole number");
    return Number(value);
  }

  #fields(): readonly LogField[] {
    const value = this.#said.get("fields") ?? [];
    if (!Array.isArray(value) || value.length > FIELDS_MAX) return this.#refuse("fields", "a short list");
    return value.map((field: JsonValue) => {
      if (typeof field === "string") return field;
      return typeof field === "bigint" || typeof field === "number"
        ? Number(field)
        : this.#refuse("fields", "texts and numbers");
    });
  }

  #refuse(key: string, want: string): never {
    throw new MalformedError("log line", this.#text, `want ${want} as '${key}'`);
  }
}

/** What such a line begins with. */
export const LOG_LINE_MARK = "@nix ";
/** Nix has four at most. */
const FIELDS_MAX = 64;
