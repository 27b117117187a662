import { systemClock } from "#base/clock.ts";
import type { AttemptEnd, AttemptRecord } from "#ledger/record.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { CommandContext } from "../command-context.ts";
import { faultWords, usageWords } from "../history/attempt-words.ts";
import { historyJson } from "../history/history-json.ts";
import { formatMoment } from "../history/moment.ts";
import type { PastBuild } from "../history/past-build.ts";
import { formatDuration, shortName } from "../progress/words.ts";
import { verdictTable } from "./verdict-table.ts";

/** Says of each attempt of a build what was weighed when it was begun. */
export async function explainPast(
  { terminal }: CommandContext,
  past: PastBuild,
  { json }: { json: boolean },
): Promise<void> {
  if (json) return await terminal.print(`${JSON.stringify(historyJson(past, DEFAULT_STORE_DIR))}\n`);
  const { build, attempts, request } = past;
  const nowMs = systemClock.now();
  const asked = request ? `, asked for by ${request.principal}: ${request.command}` : "";
  await terminal.print(
    `build ${build.number}, ${shortName(build.drvPath)} for ${build.system}, ${formatMoment(build.plannedMs, nowMs)}${asked}\n`,
  );
  if (attempts.length === 0)
    await terminal.print(`it was never begun${build.message ? `: ${build.message}` : ""}\n`);
  for (const attempt of attempts) {
    const { builder, placement } = attempt;
    const verdicts = [{ builder, score: placement.score }, ...placement.others];
    const table = verdictTable(
      { verdicts, chosen: builder, faults: placement.faults },
      terminal.outputColumns(),
    );
    await terminal.print(`\nattempt ${attempt.attempt} on ${builder}${endWords(attempt)}\n\n${table}`);
  }
}

function endWords(attempt: AttemptRecord): string {
  const { end, beganMs, endedMs } = attempt;
  if (end === undefined) return " runs";
  const took = endedMs === undefined ? "" : ` after ${formatDuration(endedMs - beganMs)}`;
  const fault = faultWords(attempt);
  return ` ${END_WORDS[end]}${took}${fault === undefined ? "" : `: ${fault}`}${usageWords(attempt)}`;
}

const END_WORDS: Readonly<Record<AttemptEnd, string>> = {
  succeeded: "succeeded",
  failed: "failed",
  lost: "came to nothing",
  stopped: "was stopped",
  interrupted: "was interrupted",
};
