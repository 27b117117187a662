import type { StorePath } from "#nix/store-path.ts";
import type { CopyRecord } from "../../record.ts";
import type { LedgerDatabase } from "../database.ts";
import { COPY_COLUMNS, parseCopy } from "./select-copies.ts";

const SELECT = `
select ${COPY_COLUMNS} from copies
 where id in (select copy from copied_paths where path = :path) and error is null
 order by ended_ms desc limit 100`;

/** The copies that took a path somewhere, the newest first. */
export function selectCopiesOf(db: LedgerDatabase, path: StorePath): CopyRecord[] {
  return db.rows(SELECT, { path }).map(parseCopy);
}
