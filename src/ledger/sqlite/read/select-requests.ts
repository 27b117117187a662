import type { RequestEnd, RequestRecord } from "../../record.ts";
import type { LedgerDatabase, Row } from "../database.ts";

const SELECT = `
select key, principal, command, wishes, store, process_host, process_pid, process_start, began_ms, ended_ms, ended
  from requests where key in (select value from json_each(:keys)) order by began_ms`;

export function selectRequests(db: LedgerDatabase, keys: readonly string[]): RequestRecord[] {
  return db.rows(SELECT, { keys: JSON.stringify(keys) }).map(parse);
}

function parse(row: Row): RequestRecord {
  return {
    key: row.key as string,
    principal: row.principal as string,
    command: row.command as string,
    wishes: JSON.parse(row.wishes as string),
    store: row.store as string,
    process: {
      host: row.process_host as string,
      pid: row.process_pid as number,
      startTime: row.process_start as string,
    },
    beganMs: row.began_ms as number,
    endedMs: (row.ended_ms ?? undefined) as number | undefined,
    end: (row.ended ?? undefined) as RequestEnd | undefined,
  };
}
