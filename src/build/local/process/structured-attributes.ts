import { compareText } from "#base/text.ts";
import { formatJson } from "#nix/json-text.ts";
import type { JsonValue } from "#nix/json-value.ts";

/** `.attrs.sh`: the attributes that a shell can hold, as Nix declares them. Source: compared with Nix 2.34. */
export function attributesAsShell(attributes: ReadonlyMap<string, JsonValue>): string {
  const lines: string[] = [];
  for (const key of [...attributes.keys()].sort(compareText)) {
    if (!SHELL_NAME.test(key)) continue;
    const declaration = declarationOf(key, attributes.get(key)!);
    if (declaration !== undefined) lines.push(`declare ${declaration}\n`);
  }
  return lines.join("");
}

/** `.attrs.json`. */
export function attributesAsJson(attributes: ReadonlyMap<string, JsonValue>): string {
  return formatJson(attributes);
}

function declarationOf(key: string, value: JsonValue): string | undefined {
  const simple = simpleValue(value);
  if (simple !== undefined) return `${key}=${simple}`;
  if (Array.isArray(value)) {
    const items = value.map(simpleValue);
    return items.includes(undefined) ? undefined : `-a ${key}=(${items.map((item) => `${item} `).join("")})`;
  }
  if (!(value instanceof Map)) return undefined;
  const pairs: string[] = [];
  for (const name of [...value.keys()].sort(compareText)) {
    const item = simpleValue(value.get(name)!);
    if (item === undefined) return undefined;
    pairs.push(`[${shellQuote(name)}]=${item} `);
  }
  return `-A ${key}=(${pairs.join("")})`;
}

/** Text, whole number, truth or nothing; a fraction has no form in a shell unless it is whole. */
function simpleValue(value: JsonValue): string | undefined {
  if (typeof value === "string") return shellQuote(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : undefined;
  if (value === null) return "''";
  if (value === true) return "1";
  if (value === false) return "";
  return undefined;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
