import { compareText } from "#base/text.ts";
import type { JsonValue } from "./json-value.ts";

/**
 * What `.attrs.sh` holds: bash declarations of the attributes that bash can hold, which are texts, whole numbers,
 * Booleans, null, and flat lists and objects of them. Others are left out. Source: what Nix 2.34 writes.
 */
export function structuredAttrsShell(json: ReadonlyMap<string, JsonValue>): string {
  return sortedEntries(json)
    .filter(([key]) => VARIABLE.test(key))
    .map(([key, value]) => formatDeclaration(key, value))
    .join("");
}

function formatDeclaration(key: string, value: JsonValue): string {
  const simple = formatSimple(value);
  if (simple !== undefined) return `declare ${key}=${simple}\n`;
  if (Array.isArray(value)) {
    const items = value.map(formatSimple);
    return items.includes(undefined)
      ? ""
      : `declare -a ${key}=(${items.map((item) => `${item} `).join("")})\n`;
  }
  if (!(value instanceof Map)) return "";
  const items = sortedEntries(value).map(([name, item]) => [quoteShell(name), formatSimple(item)] as const);
  if (items.some(([, item]) => item === undefined)) return "";
  return `declare -A ${key}=(${items.map(([name, item]) => `[${name}]=${item} `).join("")})\n`;
}

function formatSimple(value: JsonValue): string | undefined {
  if (value === null) return "''";
  switch (typeof value) {
    case "string":
      return quoteShell(value);
    case "boolean":
      return value ? "1" : "";
    case "bigint":
      return String(BigInt.asIntN(32, value));
    case "number":
      return formatFloat(value);
    default:
      return undefined;
  }
}

/** Nix asks a 32-bit float whether it is whole, then prints a 32-bit integer. */
function formatFloat(value: number): string | undefined {
  const single = Math.fround(value);
  if (Math.ceil(single) !== single) return undefined;
  const whole = Math.trunc(value);
  return String(Math.abs(whole) < 2 ** 31 ? whole : -(2 ** 31));
}

function quoteShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function sortedEntries(json: ReadonlyMap<string, JsonValue>): [string, JsonValue][] {
  return [...json].sort(([a], [b]) => compareText(a, b));
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
