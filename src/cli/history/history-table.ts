import { reasonsOf } from "#ledger/placement-words.ts";
import { formatDuration, shortName } from "../progress/words.ts";
import { formatTable } from "../table.ts";
import { formatMoment } from "./moment.ts";
import type { PastBuild } from "./past-build.ts";

/** A line for each build, then why those of this machine were built on it. */
export function historyTable(
  builds: readonly PastBuild[],
  { nowMs, columns }: { nowMs: number; columns?: number | undefined },
): string {
  const rows = builds.map((past) => rowOf(past, nowMs));
  const table = formatTable(["build", "derivation", "outcome", "where", "time", "asked"], rows, columns);
  const notes = builds.flatMap(hereNotes);
  return notes.length > 0 ? `${table}\n${notes.map((note) => `${note}\n`).join("")}` : table;
}

function rowOf({ build, attempts }: PastBuild, nowMs: number): string[] {
  const { number, drvPath, end, builder, durationMs, plannedMs } = build;
  const last = attempts.at(-1);
  const tries = attempts.length > 1 ? `, ${attempts.length} tries` : "";
  const sinceMs = last?.buildBeganMs ?? last?.beganMs;
  const runningMs = end === undefined && sinceMs !== undefined ? nowMs - sinceMs : undefined;
  return [
    String(number),
    shortName(drvPath),
    `${outcomeOf(build, attempts)}${tries}`,
    builder ?? last?.builder ?? "-",
    durationMs !== undefined
      ? formatDuration(durationMs)
      : runningMs === undefined
        ? "-"
        : `${formatDuration(runningMs)} so far`,
    formatMoment(plannedMs, nowMs),
  ];
}

function outcomeOf({ end }: PastBuild["build"], attempts: PastBuild["attempts"]): string {
  if (end === undefined) return attempts.length > 0 ? "running" : "waiting";
  if (end === "built" && attempts.at(-1)?.placement.score.emulated) return "built, emulated";
  return end === "failed" || end === "given-up" ? end.toUpperCase().replace("-", " ") : end.replace("-", " ");
}

/** A build of this machine is not to be overlooked where builders could have had it. */
function hereNotes({ build, attempts }: PastBuild): string[] {
  const last = attempts.at(-1);
  if (!last?.local) return [];
  const reasons = Array.from(reasonsOf(last.placement), ([name, reason]) => `${name}: ${reason}`);
  if (reasons.length === 0) return [];
  const shown = reasons.slice(0, REASONS_SHOWN).join("; ");
  const more = reasons.length > REASONS_SHOWN ? `; 'elsewhere explain --build ${build.number}' has all` : "";
  return [`build ${build.number} ran on this machine. Of the builders, ${shown}${more}`];
}

const REASONS_SHOWN = 3;
