import { existsSync, linkSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { inTransaction } from "#store/in-transaction.ts";
import { migrate } from "./migrations.ts";

export type SqlValue = string | number | null;
/** Values by the names that a statement has for them: `:name`. */
export type SqlValues = Readonly<Record<string, SqlValue | undefined>>;
/** Columns by name. */
export type Row = Readonly<Record<string, SqlValue>>;

/** The ledger's database, with its statements prepared once each. */
export class LedgerDatabase implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  rows(sql: string, values: SqlValues = {}): Row[] {
    return this.#statement(sql).all(bound(values)) as unknown as Row[];
  }

  /** How many rows it changed. */
  run(sql: string, values: SqlValues = {}): number {
    return Number(this.#statement(sql).run(bound(values)).changes);
  }

  /** All of `work` or nothing. It must not wait for anything: others wait for it. */
  transaction<T>(work: () => T): T {
    return inTransaction(this.#db, "begin immediate", work);
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Opens `file`, making it and its tables where there are none. */
export function openDatabase(file: string): LedgerDatabase {
  if (!existsSync(file)) createDatabase(file);
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.exec("pragma synchronous = normal; pragma foreign_keys = 1;");
    migrate(db, file);
    return new LedgerDatabase(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Made whole under another name: of several that do so at once, one is first, and none sees half of it. */
function createDatabase(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  const db = new DatabaseSync(temporary);
  try {
    db.exec("pragma journal_mode = wal");
    migrate(db, temporary);
  } finally {
    db.close();
  }
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary);
  }
}

function bound(values: SqlValues): Record<string, SqlValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? null]));
}

/** How long a write of another process is waited for. */
const BUSY_TIMEOUT_MS = 10_000;
