import { join } from "node:path";
import { RequestRecords } from "#resident/request-records.ts";

/** The record that a long-lived process keeps of its requests, in this user's state folder. */
export function openRequestRecords(stateDir: string): RequestRecords {
  return new RequestRecords({
    stateDir,
    openLedger: async () => {
      const { SqliteLedger } = await import("#ledger/sqlite/sqlite-ledger.ts");
      return new SqliteLedger(join(stateDir, "ledger.sqlite"));
    },
    report: (text) => void process.stderr.write(`warning: ${text}\n`),
  });
}
