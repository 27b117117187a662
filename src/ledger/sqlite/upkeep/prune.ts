import type { StorePath } from "#nix/store-path.ts";
import type { Pruned, Retention } from "../../ledger.ts";
import type { LedgerDatabase } from "../database.ts";

/** Builds forgotten in one transaction: others wait for it. */
const BUILDS_AT_ONCE = 500;

const SELECT = `
select number, request, drv_path from builds
 where ended is not null
   and (planned_ms < :beforeMs or number <= (select max(number) from builds) - :buildsMax)
 order by number limit ${BUILDS_AT_ONCE}`;

const DELETE = `
delete from builds where number in (select value from json_each(:numbers))`;

const DELETE_REQUESTS = `
delete from requests
 where ended is not null and began_ms < :beforeMs
   and not exists (select 1 from builds where builds.request = requests.key)`;

/** Forgets the oldest builds that are too old or too many, and old requests that have none left. */
export function prune(db: LedgerDatabase, { buildsMax, beforeMs }: Retention): Pruned {
  return db.transaction(() => {
    const rows = db.rows(SELECT, { buildsMax, beforeMs });
    db.run(DELETE, { numbers: JSON.stringify(rows.map(({ number }) => number)) });
    db.run(DELETE_REQUESTS, { beforeMs });
    return {
      builds: rows.map((row) => ({ request: row.request as string, drvPath: row.drv_path as StorePath })),
      more: rows.length === BUILDS_AT_ONCE,
    };
  });
}
