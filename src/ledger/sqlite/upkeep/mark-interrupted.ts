import type { ProcessIdentity } from "../../process-identity.ts";
import type { LedgerDatabase } from "../database.ts";

const SELECT = `
select key, process_host, process_pid, process_start from requests where ended is null`;

const ATTEMPTS = `
update attempts set ended = 'interrupted'
 where ended is null and build in (select number from builds where request = :key)`;

const BUILDS = `
update builds set ended = 'interrupted' where ended is null and request = :key`;

const REQUEST = `
update requests set ended = 'interrupted' where ended is null and key = :key`;

/** Says of everything that a process left open which is gone that it was interrupted. */
export function markInterrupted(db: LedgerDatabase, mayRun: (process: ProcessIdentity) => boolean): void {
  const gone = db.rows(SELECT).filter(
    (row) =>
      !mayRun({
        host: row.process_host as string,
        pid: row.process_pid as number,
        startTime: row.process_start as string,
      }),
  );
  if (gone.length === 0) return;
  db.transaction(() => {
    for (const { key } of gone) for (const sql of [ATTEMPTS, BUILDS, REQUEST]) db.run(sql, { key });
  });
}
