import type { ByteSource } from "#base/byte-reader.ts";
import type { Ledger } from "../ledger.ts";
import type { BuildRecord } from "../record.ts";
import { logFilesOf } from "./log-file.ts";
import { readLogFile } from "./read-log.ts";

/** The log of the last attempt that said something, of the first of `builds` that has one; or of the attempt named. */
export async function findLog(
  ledger: Ledger,
  builds: readonly BuildRecord[],
  { stateDir, attempt }: { stateDir: string; attempt: number | undefined },
): Promise<ByteSource | undefined> {
  const attempts = await ledger.attempts(builds.map(({ number }) => number));
  for (const { number, request, drvPath } of builds) {
    const own = attempts.filter((one) => one.build === number).reverse();
    const wanted = attempt === undefined ? own : own.filter((one) => one.attempt === attempt);
    for (const one of wanted) {
      const log = readLogFile(logFilesOf(stateDir, { request, drvPath, attempt: one.attempt }));
      if (log) return log;
    }
  }
  return undefined;
}
