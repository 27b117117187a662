import { formatBytes } from "#base/format-bytes.ts";
import { obstacleReason } from "#ledger/placement-words.ts";
import type { BuilderVerdict } from "#schedule/reason.ts";
import type { Score } from "#schedule/score.ts";
import { formatDuration } from "../progress/words.ts";
import { formatTable } from "../table.ts";

export interface Judged {
  readonly verdicts: readonly BuilderVerdict[];
  /** The one that was chosen, or would be. */
  readonly chosen: string | undefined;
  /** Why builders were down, by name. */
  readonly faults: ReadonlyMap<string, string>;
}

/** Every builder with yes or no and the reason, then what the scores are made of. */
export function verdictTable({ verdicts, chosen, faults }: Judged, columns: number | undefined): string {
  const bestMs = verdicts.find(({ builder }) => builder === chosen)?.score?.totalMs;
  const rows = verdicts.map((verdict) => [
    verdict.builder,
    verdict.builder === chosen ? "YES" : verdict.obstacle ? "no" : "yes",
    reasonOf(verdict, { isChosen: verdict.builder === chosen, bestMs, faults }),
  ]);
  const answers = formatTable(["builder", "can", "why"], rows, columns);
  const scored = verdicts.filter((verdict) => verdict.score !== undefined);
  if (scored.length === 0) return answers;
  const head = [
    "seconds for",
    "the build",
    "inputs",
    "load",
    "being here",
    "in all",
    "speed",
    "missing there",
  ];
  return `${answers}\n${formatTable(head, scored.map(scoreRow), columns)}`;
}

function reasonOf(
  { builder, obstacle, score }: BuilderVerdict,
  {
    isChosen,
    bestMs,
    faults,
  }: { isChosen: boolean; bestMs: number | undefined; faults: ReadonlyMap<string, string> },
): string {
  if (obstacle) return obstacleReason(builder, obstacle, faults);
  if (!score) return "it was not asked";
  const emulated = score.emulated ? ", by emulation" : "";
  const ownMs = score.totalMs - score.localMs;
  if (isChosen) return `it is done there soonest, in about ${formatDuration(ownMs)}${emulated}`;
  // What is asked for here is not to keep this machine busy, however fast it is.
  if (score.localMs > 0 && bestMs !== undefined && ownMs <= bestMs)
    return "this machine comes last for a build that does not prefer it";
  const later = bestMs === undefined ? undefined : score.totalMs - bestMs;
  if (later === undefined) return `about ${formatDuration(ownMs)}${emulated}`;
  return later > 0
    ? `its score is lower: done about ${formatDuration(later)} later${emulated}`
    : `its score is the same, and another comes first${emulated}`;
}

function scoreRow({ builder, score }: BuilderVerdict): string[] {
  const { durationMs, transferMs, loadMs, localMs, totalMs, speed, emulated, missingBytes } = score as Score;
  return [
    builder,
    seconds(durationMs),
    seconds(transferMs),
    seconds(loadMs),
    seconds(localMs),
    seconds(totalMs),
    `${Number(speed.toFixed(2))}${emulated ? ", emulated" : ""}`,
    formatBytes(missingBytes),
  ];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
