import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const UPDATE = `
update attempts
   set ended = :end, ended_ms = :atMs, detail = :detail, message = :message,
       cpu_user_us = :cpuUserUs, cpu_system_us = :cpuSystemUs, memory_peak = :memoryPeakBytes
 where attempt = :attempt
   and build = (select number from builds where request = :request and drv_path = :drvPath)`;

export function endAttempt(
  db: LedgerDatabase,
  { kind: _, ...values }: Extract<LedgerChange, { kind: "attempt-ended" }>,
): void {
  db.run(UPDATE, values);
}
