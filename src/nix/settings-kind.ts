import type { HostFacts } from "./system.ts";

/** How a setting is read and what it is when nobody sets it. */
export interface SettingKind<T> {
  readonly initial: (facts: HostFacts) => T;
  /** Throws a sentence's end, such as "want a number". */
  readonly parse: (text: string, facts: HostFacts) => T;
  /** What `extra-NAME` does; absent where it may not be said. */
  readonly append?: (before: T, more: T) => T;
}

export function flag(initial: boolean | ((facts: HostFacts) => boolean)): SettingKind<boolean> {
  return { initial: typeof initial === "boolean" ? () => initial : initial, parse: parseFlag };
}

/** A whole number, with K, M, G or T for powers of 1024. */
export function count(initial: number): SettingKind<number> {
  return { initial: () => initial, parse: parseCount };
}

/** A whole number, or `auto` for the number of processors. */
export function jobs(initial: number): SettingKind<number> {
  return {
    initial: () => initial,
    parse: (text, facts) => (text === "auto" ? facts.cpus : parseCount(text)),
  };
}

export function text(initial: string | ((facts: HostFacts) => string)): SettingKind<string> {
  return { initial: typeof initial === "string" ? () => initial : initial, parse: (value) => value };
}

/** A text where none at all is different from any. */
export function optionalText(): SettingKind<string | undefined> {
  return { initial: () => undefined, parse: (value) => (value === "" ? undefined : value) };
}

/** Words in an order that matters. */
export function list(initial: readonly string[]): SettingKind<readonly string[]> {
  return { initial: () => initial, parse: parseWords, append: (before, more) => [...before, ...more] };
}

/** Words without duplicates. */
export function set(
  initial: readonly string[] | ((facts: HostFacts) => readonly string[]),
): SettingKind<readonly string[]> {
  return {
    initial: typeof initial === "function" ? initial : () => initial,
    parse: (value) => unique(parseWords(value)),
    append: (before, more) => unique([...before, ...more]),
  };
}

/** `NAME=VALUE`, any number. */
export function assignments(): SettingKind<ReadonlyMap<string, string>> {
  return {
    initial: () => new Map(),
    parse: (value) => new Map(parseWords(value).map(parseAssignment)),
    append: (before, more) => new Map([...before, ...more]),
  };
}

export function oneOf<T extends string>(
  choices: { readonly [spelling: string]: T },
  initial: (facts: HostFacts) => T,
): SettingKind<T> {
  return {
    initial,
    parse: (value) => {
      const choice = Object.hasOwn(choices, value) ? choices[value] : undefined;
      if (choice === undefined) throw new Error(`want one of ${Object.keys(choices).join(", ")}`);
      return choice;
    },
  };
}

export const FLAG_SPELLINGS = {
  true: "true",
  yes: "true",
  1: "true",
  false: "false",
  no: "false",
  0: "false",
} as const;

function parseFlag(value: string): boolean {
  const spelling = (FLAG_SPELLINGS as { [text: string]: string })[value];
  if (spelling === undefined || !Object.hasOwn(FLAG_SPELLINGS, value)) throw new Error("want true or false");
  return spelling === "true";
}

function parseCount(value: string): number {
  const parts = /^(\d{1,19})([KMGT]?)$/i.exec(value);
  const factor = parts ? 1024 ** " KMGT".indexOf(parts[2] ? parts[2].toUpperCase() : " ") : Number.NaN;
  const number = Number(parts?.[1]) * factor;
  if (!(number >= 0)) throw new Error("want a whole number");
  return number;
}

function parseWords(value: string): string[] {
  return value.split(/\s+/).filter((word) => word !== "");
}

function parseAssignment(word: string): [name: string, value: string] {
  const at = word.indexOf("=");
  if (at < 0) throw new Error("want NAME=VALUE");
  return [word.slice(0, at), word.slice(at + 1)];
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}
