import type { Cure } from "./cure.ts";
import type { KnownMessage } from "./known/known-message.ts";
import { KNOWN_MESSAGES } from "./known/known-messages.ts";
import { plainText } from "./plain-text.ts";

/** What a message, or a part of a longer text, means. */
export interface Explanation {
  readonly id: string;
  /** The line in which it was found. */
  readonly line: string;
  readonly cause: string;
  readonly cure: Cure;
}

/**
 * What in a text is known; empty where nothing is. What only wraps another message is told of where nothing else
 * is known.
 */
export function explain(text: string): Explanation[] {
  const plain = plainText(text.slice(-TEXT_CHARS_MAX)).replaceAll(/[‘’]/g, "'");
  const found = KNOWN_MESSAGES.flatMap((known) => {
    const match = known.pattern.exec(plain);
    return match ? [{ known, match }] : [];
  });
  const roots = found.filter(({ known }) => !known.wraps);
  return (roots.length > 0 ? roots : found).map(({ known, match }) => explanationOf(known, match));
}

function explanationOf({ id, cause, cure }: KnownMessage, match: RegExpExecArray): Explanation {
  const fill = (template: string) => filled(template, match.groups ?? {});
  return {
    id,
    line: lineAround(match),
    cause: fill(cause),
    cure: { say: fill(cure.say), ...(cure.type && { type: cure.type.map(fill) }) },
  };
}

/** A group that took no part leaves its place empty. */
function filled(template: string, groups: Readonly<Record<string, string | undefined>>): string {
  return template.replaceAll(/\$<(\w+)>/g, (_, name: string) => groups[name] ?? "");
}

function lineAround({ input, index }: RegExpExecArray): string {
  const end = input.indexOf("\n", index);
  const line = input.slice(input.lastIndexOf("\n", index) + 1, end < 0 ? undefined : end).trim();
  return line.length <= LINE_CHARS_MAX ? line : `${line.slice(0, LINE_CHARS_MAX)}…`;
}

/** Of a longer text its end is looked at: there things went wrong. Characters. */
const TEXT_CHARS_MAX = 1 << 18;
const LINE_CHARS_MAX = 200;
