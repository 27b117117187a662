import type { Cure } from "#doctor/cure.ts";
import type { Style } from "../style.ts";
import { wrap } from "../wrap.ts";

export interface CureLayout {
  readonly columns: number;
  readonly indent: string;
  readonly style: Style;
}

/** A cure as lines: what to do, and below it, never broken, what to type or to write. */
export function cureLines({ say, type = [] }: Cure, { columns, indent, style }: CureLayout): string[] {
  const arrow = "→ ";
  const text = wrap(say, columns - indent.length - arrow.length, `${indent}  `);
  return [
    `${indent}${style.good(arrow)}${text}${type.length > 0 ? ":" : ""}`,
    ...type.map((line) => `${indent}    ${line}`),
  ];
}
