import type { Ledger } from "./ledger.ts";
import { removeLogs } from "./log/remove-logs.ts";
import { sweepLogs } from "./log/sweep-logs.ts";

/** Forgets what is too old or too much, with its logs, a bounded part of it. */
export async function pruneLedger(
  ledger: Ledger,
  { stateDir, now }: { stateDir: string; now: () => number },
): Promise<void> {
  const keep = { buildsMax: BUILDS_KEPT_MAX, beforeMs: now() - KEPT_DAYS_MAX * DAY_MS };
  const { builds } = await ledger.prune(keep);
  removeLogs(stateDir, builds);
  sweepLogs(stateDir, { bytesMax: LOG_BYTES_KEPT_MAX, nowMs: now() });
}

/** Builds that the ledger remembers, and for how long. */
const BUILDS_KEPT_MAX = 200_000;
const KEPT_DAYS_MAX = 365;
/** All logs together, as they lie on the disk. */
const LOG_BYTES_KEPT_MAX = 4 * 1024 ** 3;
const DAY_MS = 24 * 60 * 60 * 1000;
