import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const INSERT = `
insert into requests (key, principal, command, wishes, store, process_host, process_pid, process_start, began_ms)
values (:key, :principal, :command, :wishes, :store, :host, :pid, :start, :beganMs)`;

export function beginRequest(
  db: LedgerDatabase,
  {
    key,
    principal,
    command,
    wishes,
    store,
    process,
    beganMs,
  }: Extract<LedgerChange, { kind: "request-began" }>,
): void {
  const { host, pid, startTime: start } = process;
  db.run(INSERT, {
    key,
    principal,
    command,
    wishes: JSON.stringify(wishes),
    store,
    host,
    pid,
    start,
    beganMs,
  });
}
