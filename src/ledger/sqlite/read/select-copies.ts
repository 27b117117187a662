import type { CopyRecord } from "../../record.ts";
import type { LedgerDatabase, Row } from "../database.ts";

export const COPY_COLUMNS = "request, from_store, to_store, paths, bytes, began_ms, ended_ms, error";

const SELECT = `
select ${COPY_COLUMNS} from copies where request = :request order by began_ms, ended_ms`;

export function selectCopies(db: LedgerDatabase, request: string): CopyRecord[] {
  return db.rows(SELECT, { request }).map(parseCopy);
}

export function parseCopy(row: Row): CopyRecord {
  return {
    request: row.request as string,
    from: row.from_store as string,
    to: row.to_store as string,
    paths: row.paths as number,
    bytes: row.bytes as number,
    beganMs: row.began_ms as number,
    endedMs: row.ended_ms as number,
    error: (row.error ?? undefined) as string | undefined,
  };
}
