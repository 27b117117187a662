import type { StorePath } from "#nix/store-path.ts";
import type { PathRecord } from "../../record.ts";
import type { LedgerDatabase } from "../database.ts";

/** As many as anybody looks at. */
const RECORDS_MAX = 100;

const SELECT = `
select paths.request, requests.store, paths.origin, paths.signed_by, paths.at_ms,
       (select max(outputs.build) from outputs join builds on builds.number = outputs.build
         where outputs.path = paths.path and builds.request = paths.request) as build
  from paths join requests on requests.key = paths.request
 where paths.path = :path order by paths.at_ms desc limit ${RECORDS_MAX}`;

/** How a path came to be where it was asked for, the newest first. */
export function selectProvenance(db: LedgerDatabase, path: StorePath): PathRecord[] {
  return db.rows(SELECT, { path }).map((row) => ({
    path,
    request: row.request as string,
    store: row.store as string,
    origin: JSON.parse(row.origin as string),
    signedBy: JSON.parse(row.signed_by as string),
    atMs: row.at_ms as number,
    build: (row.build ?? undefined) as number | undefined,
  }));
}
