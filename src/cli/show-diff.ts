import { unifiedDiff } from "#setup/unified-diff.ts";
import type { Style } from "./style.ts";

/** What changes in a file, in the colours of `git diff`. */
export function showDiff(
  change: { readonly path: string; readonly before: string | undefined; readonly after: string | undefined },
  style: Style,
): string {
  const lines = unifiedDiff(change.path, change.before, change.after).split("\n");
  return lines.map((line) => paint(line, style)).join("\n");
}

function paint(line: string, style: Style): string {
  if (line.startsWith("+++") || line.startsWith("---")) return style.bold(line);
  if (line.startsWith("@@")) return style.dim(line);
  if (line.startsWith("+")) return style.good(line);
  return line.startsWith("-") ? style.bad(line) : line;
}
