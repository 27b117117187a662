import { compareText } from "#base/text.ts";
import type { Progress, RunningBuild } from "./progress.ts";
import { fit, formatBytes, formatDuration, shortName } from "./words.ts";

/** The lines of the live window, none wider than `columns`: a sum, then what runs where. */
export function windowLines(progress: Progress, nowMs: number, columns: number): string[] {
  const running = [...progress.running.values()].filter(({ queued }) => !queued);
  const shown = running.sort((a, b) => a.sinceMs - b.sinceMs || compareText(a.drvPath, b.drvPath));
  const lines = [headline(progress, running.length)];
  for (const build of shown.slice(0, BUILDS_SHOWN)) lines.push(buildLine(build, nowMs, columns));
  if (shown.length > BUILDS_SHOWN) lines.push(`  and ${shown.length - BUILDS_SHOWN} more`);
  for (const copy of [...progress.copies.values()].slice(0, COPIES_SHOWN)) {
    const share = `${formatBytes(copy.bytesDone)} of ${formatBytes(copy.bytes)}`;
    lines.push(`  copying to ${copy.to}: ${share}`);
  }
  return lines.map((line) => fit(line, columns));
}

function headline({ planned, ended, failures, running, connecting }: Progress, active: number): string {
  const queued = running.size - active;
  const parts = [`${ended.size} of ${planned} done`, `${active} building`];
  if (queued > 0) parts.push(`${queued} handed over`);
  if (failures > 0) parts.push(`${failures} failed`);
  if (connecting.size > 0) parts.push(`connecting to ${[...connecting].join(", ")}`);
  return parts.join(" · ");
}

function buildLine(
  { drvPath, builder, sinceMs, phase }: RunningBuild,
  nowMs: number,
  columns: number,
): string {
  const time = formatDuration(nowMs - sinceMs);
  const where = phase ? `${builder} ${phase}` : builder;
  const room = columns - 2 - time.length - 2;
  const name = fit(shortName(drvPath), Math.max(12, Math.floor(room * 0.55)));
  return `  ${name}  ${fit(where, Math.max(0, room - name.length - 2))}  ${time}`;
}

const BUILDS_SHOWN = 8;
const COPIES_SHOWN = 2;
