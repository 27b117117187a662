import { failureReason } from "#build/failure-reason.ts";
import type { Progress } from "../progress.ts";
import { count, shortName, tame } from "../words.ts";
import type { SummaryOptions } from "./summary-options.ts";

/** What failed, once more where it was said long before the end. */
export function failureLines({ ended, tails }: Progress, { numbers }: SummaryOptions): string {
  if (ended.size < ENDED_TO_REPEAT) return "";
  const failed = [...ended].flatMap(([drvPath, outcome]) =>
    outcome.kind === "failed" ? [{ drvPath, outcome }] : [],
  );
  const shown = failed.slice(0, FAILURES_REPEATED).flatMap(({ drvPath, outcome }) => {
    const name = shortName(drvPath);
    const tail = tails.of(drvPath).slice(-LINES_REPEATED);
    return [
      `failed: ${name} on ${outcome.builder}: ${failureReason(outcome.message)}`,
      ...tail.map((line) => `  > ${tame(line, { colours: false })}`),
      ...(tail.length > 0 ? [`  all of it: elsewhere log ${numbers?.get(drvPath) ?? name}`] : []),
    ];
  });
  const left = failed.length - FAILURES_REPEATED;
  if (left > 0) shown.push(`and ${count(left, "failure")} more`);
  return shown.map((line) => `${line}\n`).join("");
}

/** Builds after which what one of them said may have gone from sight. */
const ENDED_TO_REPEAT = 5;
const FAILURES_REPEATED = 5;
const LINES_REPEATED = 5;
