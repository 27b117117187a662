import { formatBytes } from "#base/format-bytes.ts";
import { describeLoss } from "#build/engine/reason/obstacle-words.ts";
import type { AttemptRecord } from "#ledger/record.ts";
import { LOSSES } from "#schedule/loss.ts";
import { formatDuration } from "../progress/words.ts";

/** `, CPU 9.1 s, at most 120 MiB of memory`, as far as the builder measured it. */
export function usageWords({ cpuUserUs, cpuSystemUs, memoryPeakBytes }: AttemptRecord): string {
  const cpuUs = cpuUserUs === undefined ? undefined : cpuUserUs + (cpuSystemUs ?? 0);
  const cpu = cpuUs === undefined ? "" : `, CPU ${formatDuration(cpuUs / 1000)}`;
  const memory = memoryPeakBytes === undefined ? "" : `, at most ${formatBytes(memoryPeakBytes)} of memory`;
  return `${cpu}${memory}`;
}

/** Why an attempt did not succeed, in one line; undefined where nobody said. */
export function faultWords({ detail, message }: AttemptRecord): string | undefined {
  const loss = LOSSES.find((one) => one === detail);
  return loss ? describeLoss(loss) : message?.split("\n", 1)[0];
}
