import type { Explanation } from "#doctor/explain.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { wrap } from "../wrap.ts";
import { cureLines } from "./cure-lines.ts";
import { textColumns } from "./text-columns.ts";

/** Explanations for a person: the line that was meant, why it comes, what to do. */
export function explanationText(explanations: readonly Explanation[], terminal: Terminal): string {
  const style = styleFor(terminal.colours.output);
  const columns = textColumns(terminal);
  return explanations
    .map(({ line, cause, cure }) =>
      [
        style.bold(wrap(line, columns - 2, "  ")),
        `  ${wrap(`${cause}.`, columns - 2, "  ")}`,
        ...cureLines(cure, { columns, indent: "  ", style }),
        "",
      ].join("\n"),
    )
    .join("\n");
}

/** What is said where nothing is known. */
export function unknownText(): string {
  return [
    "nothing in this is known",
    " hint: give the whole output, ssh's and Nix's lines with it: nix build … 2>&1 | elsewhere doctor --explain",
    "       'elsewhere doctor' looks at the whole chain itself",
    "",
  ].join("\n");
}
