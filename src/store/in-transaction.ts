import type { DatabaseSync } from "node:sqlite";

/** All of `work` or nothing. It must not wait for anything: others wait for it. `begin` is how it begins. */
export function inTransaction<T>(db: DatabaseSync, begin: "begin" | "begin immediate", work: () => T): T {
  db.exec(begin);
  try {
    const result = work();
    db.exec("commit");
    return result;
  } catch (error) {
    // Some errors have undone it already.
    if (db.isTransaction) db.exec("rollback");
    throw error;
  }
}
