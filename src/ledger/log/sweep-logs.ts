import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface SweepOptions {
  readonly bytesMax: number;
  readonly nowMs: number;
}

/** Removes the oldest logs beyond so many bytes. Looks at most once a day, since it looks at every file. */
export function sweepLogs(stateDir: string, { bytesMax, nowMs }: SweepOptions): void {
  const folder = join(stateDir, "logs");
  if (!isDue(join(folder, MARKER), nowMs)) return;
  const logs = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => LASTING.test(file))
    .flatMap((file) => statOf(join(folder, file)) ?? [])
    .sort((a, b) => b.mtimeMs - a.mtimeMs);
  let bytes = 0;
  for (const { file, size } of logs) {
    bytes += size;
    if (bytes > bytesMax) rmSync(file, { force: true });
  }
}

/** Takes its turn: of several processes one looks. */
function isDue(marker: string, nowMs: number): boolean {
  const last = statOf(marker)?.mtimeMs ?? 0;
  if (nowMs - last < SWEEP_EVERY_MS) return false;
  mkdirSync(join(marker, ".."), { recursive: true });
  writeFileSync(marker, "");
  utimesSync(marker, nowMs / 1000, nowMs / 1000);
  return true;
}

function statOf(file: string): { file: string; size: number; mtimeMs: number } | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() ? { file, size: found.size, mtimeMs: found.mtimeMs } : undefined;
}

const MARKER = ".swept";
/** Not one that is being written. */
const LASTING = /\.log(\.zst)?$/;
const SWEEP_EVERY_MS = 24 * 60 * 60 * 1000;
