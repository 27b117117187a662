import { compareText } from "#base/text.ts";
import type { JsonValue } from "./json-value.ts";

interface Opened {
  readonly close: string;
  readonly keys: readonly string[] | undefined;
  readonly values: readonly JsonValue[];
  next: number;
}

/** Prints one JSON value. */
export class JsonPrinter {
  readonly #indent: number;
  readonly #pieces: string[] = [];
  readonly #open: Opened[] = [];

  constructor(indent: number) {
    this.#indent = indent;
  }

  print(value: JsonValue): string {
    this.#value(value);
    for (let top = this.#open.at(-1); top; top = this.#open.at(-1)) this.#step(top);
    return this.#pieces.join("");
  }

  #value(value: JsonValue): void {
    if (Array.isArray(value)) this.#enter("[", { close: "]", keys: undefined, values: value, next: 0 });
    else if (value instanceof Map) {
      const keys = [...value.keys()].sort(compareText);
      this.#enter("{", { close: "}", keys, values: keys.map((key) => value.get(key)!), next: 0 });
    } else this.#pieces.push(formatScalar(value as string | number | bigint | boolean | null));
  }

  #enter(bracket: string, opened: Opened): void {
    this.#pieces.push(bracket);
    if (opened.values.length === 0) this.#pieces.push(opened.close);
    else this.#open.push(opened);
  }

  #step(top: Opened): void {
    if (top.next === top.values.length) {
      this.#open.pop();
      this.#line();
      this.#pieces.push(top.close);
      return;
    }
    if (top.next > 0) this.#pieces.push(",");
    this.#line();
    if (top.keys) this.#pieces.push(quote(top.keys[top.next]!), this.#indent > 0 ? ": " : ":");
    this.#value(top.values[top.next++]!);
  }

  #line(): void {
    if (this.#indent > 0) this.#pieces.push("\n", " ".repeat(this.#indent * this.#open.length));
  }
}

function formatScalar(value: string | number | bigint | boolean | null): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "number" ? formatFloat(value) : String(value);
}

/** Lone surrogates, which stand for bytes, stay as they are. */
function quote(text: string): string {
  if (text.isWellFormed()) return JSON.stringify(text);
  const pieces = Array.from(text, (char) => (char.isWellFormed() ? JSON.stringify(char).slice(1, -1) : char));
  return `"${pieces.join("")}"`;
}

/** The shortest digits, in the notation of the JSON library that Nix uses: `1.0`, `1e+20`, `1e-07`. */
function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  const power = Number(exponent);
  if (power < FIXED_POWER_MIN || power >= FIXED_POWER_MAX)
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, "0");
  return `${sign}${whole}.${digits.slice(power + 1) || "0"}`;
}

/** Powers of ten of the first digit outside of which a number is printed with an exponent. */
const FIXED_POWER_MIN = -4;
const FIXED_POWER_MAX = 15;
