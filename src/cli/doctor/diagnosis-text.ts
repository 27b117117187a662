import { unreachable } from "#base/errors.ts";
import { type Diagnosis, findingsOf, type PlacedFinding } from "#doctor/diagnose.ts";
import type { Link, LinkState } from "#doctor/walk.ts";
import { type Style, styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { wrap } from "../wrap.ts";
import { cureLines } from "./cure-lines.ts";
import { textColumns } from "./text-columns.ts";

/** The chain link by link, then what is wrong, the first broken link on top. */
export function diagnosisText(diagnosis: Diagnosis, terminal: Terminal): string {
  const layout: Layout = {
    columns: textColumns(terminal),
    style: styleFor(terminal.colours.output),
    isTerminal: terminal.outputColumns() !== undefined,
  };
  const chains = [{ name: "this machine", links: diagnosis.here }, ...diagnosis.builders];
  return [
    ...chains.map(({ name, links }) => chainText(name, links, layout)),
    summaryText(diagnosis, layout),
  ].join("\n");
}

interface Layout {
  readonly columns: number;
  readonly style: Style;
  readonly isTerminal: boolean;
}

function chainText(name: string, links: readonly Link[], layout: Layout): string {
  const skipped = links.filter(({ state }) => state === "skipped");
  const looked = links.filter(({ state }) => state !== "skipped");
  const width = Math.max(0, ...looked.map(({ link }) => link.length));
  const lines = looked.map(({ link, state, said }) => {
    const mark = markOf(state, layout);
    const indent = " ".repeat(width + mark.width + 5);
    const text = wrap(said, layout.columns - indent.length, indent);
    return `  ${mark.text} ${link.padEnd(width)}  ${text}`;
  });
  if (skipped.length > 0) {
    const mark = markOf("skipped", layout);
    const names = skipped.map(({ link }) => link).join(", ");
    lines.push(
      layout.style.dim(
        `  ${mark.text} ${wrap(`not looked at, for what is broken above: ${names}`, layout.columns - 4, "    ")}`,
      ),
    );
  }
  return `${layout.style.bold(name)}\n${lines.join("\n")}\n`;
}

function summaryText(diagnosis: Diagnosis, { columns, style, isTerminal }: Layout): string {
  const findings = findingsOf(diagnosis);
  const verdict = wrap(verdictOf(diagnosis, style), columns);
  const shown = findings.map((placed) => {
    const { finding } = placed;
    const mark = markOf(finding.severity, { columns, style, isTerminal });
    return [
      `${mark.text} ${style.bold(titleOf(placed))}`,
      `  ${wrap(`${finding.seen}.`, columns - 2, "  ")}`,
      style.dim(`  ${wrap(`${finding.why}.`, columns - 2, "  ")}`),
      ...cureLines(finding.cure, { columns, indent: "  ", style }),
      "",
    ].join("\n");
  });
  return [verdict, "", ...shown].join("\n");
}

function titleOf({ builder, link, finding }: PlacedFinding): string {
  return `${builder ?? "this machine"}: ${link} [${finding.code}]${finding.fix ? " (--fix can mend it)" : ""}`;
}

function verdictOf(diagnosis: Diagnosis, style: Style): string {
  const findings = findingsOf(diagnosis);
  const faults = findings.filter(({ finding }) => finding.severity === "fault");
  const proven = diagnosis.builders.filter(({ links }) =>
    links.some(({ link, state }) => link === "build" && state === "proven"),
  );
  const counted = `${proven.length} of ${diagnosis.builders.length} ${diagnosis.builders.length === 1 ? "builder" : "builders"} proven`;
  const [first] = faults;
  if (first) {
    const where = `${first.builder ?? "this machine"}: ${first.link}`;
    return style.bad(
      `${counted}; ${faults.length} ${faults.length === 1 ? "fault" : "faults"}, the first at ${where}`,
    );
  }
  const unseen = [diagnosis.here, ...diagnosis.builders.map(({ links }) => links)]
    .flat()
    .filter(({ state }) => state === "unseen");
  if (unseen.length > 0)
    return style.warn(`${counted}; could not look at ${unseen.map(({ link }) => link).join(", ")}`);
  return style.good(`${counted}`);
}

/** ✓ ! ✗ for eyes; words where the output is read by something else. */
function markOf(
  state: LinkState,
  { style, isTerminal }: Layout,
): { readonly text: string; readonly width: number } {
  const mark = (sign: string, word: string, paint: (text: string) => string) =>
    isTerminal ? { text: paint(sign), width: 1 } : { text: word.padEnd(WORD_WIDTH), width: WORD_WIDTH };
  switch (state) {
    case "proven":
      return mark("✓", "ok", style.good);
    case "note":
      return mark("✓", "note", style.good);
    case "warning":
      return mark("!", "warning", style.warn);
    case "fault":
      return mark("✗", "FAULT", style.bad);
    case "unseen":
      return mark("?", "unseen", style.warn);
    case "skipped":
      return mark("-", "skipped", style.dim);
    default:
      return unreachable(state);
  }
}

const WORD_WIDTH = "warning".length;
