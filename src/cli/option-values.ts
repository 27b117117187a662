import { UsageError } from "./error-report.ts";

/** Access rights as for chmod. */
export function octal(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text))
    throw new UsageError(`Cannot use the mode '${text}'`, "Want three octal digits: 660");
  return Number.parseInt(text, 8);
}

/** A whole number above zero. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`Cannot use the number '${text}'`, "Want a whole number from 1 on");
  return Number(text);
}

/** `--option NAME=VALUE`, any number of them. */
export function asPair(text: string, before: readonly (readonly [string, string])[]): [string, string][] {
  const cut = text.indexOf("=");
  if (cut <= 0) throw new UsageError(`Cannot use the option '${text}'`, "Want --option NAME VALUE");
  return [
    ...before.map(([name, value]): [string, string] => [name, value]),
    [text.slice(0, cut), text.slice(cut + 1)],
  ];
}

/** Every value of an option that may be repeated, in order. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
