import { MalformedError } from "#base/errors.ts";
import { JsonParser } from "./json-parser.ts";
import { JsonPrinter } from "./json-printer.ts";
import type { JsonValue } from "./json-value.ts";

export function jsonObject(entries: Record<string, JsonValue | undefined>): Map<string, JsonValue> {
  const object = new Map<string, JsonValue>();
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) object.set(key, value);
  return object;
}

/** `what` names the text in errors. Of a key that comes twice, the last counts. */
export function parseJson(text: string, what: string): JsonValue {
  return new JsonParser(text, what).parse();
}

/**
 * As Nix prints it: keys in byte order, no spaces, `1.0` stays `1.0`. `indent` is the number of spaces a level;
 * 0 prints one line.
 */
export function formatJson(value: JsonValue, { indent = 0 }: { indent?: number } = {}): string {
  return new JsonPrinter(indent).print(value);
}

/** The value as an object; `what` names it in the error. */
export function asJsonObject(value: JsonValue | undefined, what: string): ReadonlyMap<string, JsonValue> {
  if (value instanceof Map) return value;
  throw unexpected(value, what, "an object");
}

export function asJsonList(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  throw unexpected(value, what, "a list");
}

export function asJsonText(value: JsonValue | undefined, what: string): string {
  if (typeof value === "string") return value;
  throw unexpected(value, what, "a text");
}

function unexpected(value: JsonValue | undefined, what: string, want: string): MalformedError {
  return new MalformedError(what, value === undefined ? "" : formatJson(value), `want ${want}`);
}
