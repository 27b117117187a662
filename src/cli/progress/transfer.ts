/** A copy under way, and how fast it goes. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly paths: number;
  /** Of the NARs; 0 where that is not known. */
  bytes: number;
  bytesDone: number;
  /** Bytes a second, by the latest measurement. */
  rate: number;
  measuredMs: number;
}

/** Takes note of how far a copy is. Of its speed, what was long ago counts less than what was just now. */
export function measure(transfer: Transfer, bytesDone: number, atMs: number): void {
  const elapsedMs = atMs - transfer.measuredMs;
  const moved = Math.max(0, bytesDone - transfer.bytesDone);
  transfer.bytesDone = bytesDone;
  if (elapsedMs <= 0) return;
  const kept = transfer.rate === 0 ? 0 : Math.exp(-elapsedMs / MEMORY_MS);
  transfer.rate = transfer.rate * kept + ((moved * 1000) / elapsedMs) * (1 - kept);
  transfer.measuredMs = atMs;
}

/** Bytes a second of several copies together, at a moment: a copy of which nothing is heard fades. */
export function rateOf(transfers: Iterable<Transfer>, nowMs: number): number {
  let rate = 0;
  for (const transfer of transfers) {
    const silentMs = Math.max(0, nowMs - transfer.measuredMs - MEMORY_MS);
    rate += transfer.rate * Math.exp(-silentMs / MEMORY_MS);
  }
  return rate;
}

const MEMORY_MS = 2000;
