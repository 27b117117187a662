import { formatBytes } from "#base/format-bytes.ts";
import { formatTable } from "../../table.ts";
import type { Progress } from "../progress.ts";
import { count, formatDuration } from "../words.ts";
import type { SummaryOptions } from "./summary-options.ts";

/** What each builder did, and what was sent there for it. */
export function builderTable({ ended, copied }: Progress, { columns }: SummaryOptions): string {
  const builders = new Map<string, { built: number; substituted: number; failed: number; ms: number }>();
  for (const outcome of ended.values()) {
    if (outcome.kind !== "realised" && outcome.kind !== "failed") continue;
    const sum = builders.get(outcome.builder) ?? { built: 0, substituted: 0, failed: 0, ms: 0 };
    if (outcome.kind === "failed") sum.failed++;
    else if (outcome.how === "built") sum.built++;
    else sum.substituted++;
    if (outcome.kind === "realised") sum.ms += outcome.durationMs;
    builders.set(outcome.builder, sum);
  }
  if (builders.size === 0) return "";
  const rows = [...builders].map(([name, { built, substituted, failed, ms }]) => {
    const received = copied.get(name);
    return [
      name,
      String(built),
      String(substituted),
      String(failed),
      formatDuration(ms),
      received ? `${count(received.paths, "path")}, ${formatBytes(received.bytes)}` : "-",
    ];
  });
  return formatTable(["builder", "built", "found", "failed", "build time", "sent there"], rows, columns);
}
