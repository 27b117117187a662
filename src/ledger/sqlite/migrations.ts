import type { DatabaseSync } from "node:sqlite";
import { ElsewhereError } from "#base/errors.ts";
import { FIRST } from "./migration/0001-first.ts";

/** In their order; a database says in `user_version` how many of them it has seen. */
const MIGRATIONS: readonly string[] = [FIRST];

/** Brings a database to the newest tables. Another process may be doing the same. */
export function migrate(db: DatabaseSync, file: string): void {
  if (versionOf(db) === MIGRATIONS.length) return;
  db.exec("begin immediate");
  try {
    const version = versionOf(db);
    if (version > MIGRATIONS.length)
      throw new ElsewhereError(
        "LEDGER_SCHEMA",
        `Cannot open the ledger '${file}': its tables are of version ${version}, and only ${MIGRATIONS.length} is known`,
        {
          hint: "a newer Elsewhere wrote it: use that one, or move the file away to begin a new ledger",
        },
      );
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql);
    db.exec(`pragma user_version = ${MIGRATIONS.length}`);
    db.exec("commit");
  } catch (error) {
    if (db.isTransaction) db.exec("rollback");
    throw error;
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare("pragma user_version").get()!.user_version);
}
