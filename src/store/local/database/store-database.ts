import { accessSync, constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ElsewhereError } from "#base/errors.ts";
import { inTransaction } from "../../in-transaction.ts";
import { lock } from "../lock/flock.ts";
import { makeFolder } from "../make-folder.ts";
import { CA_MIGRATION, CA_SCHEMA, CA_SCHEMA_VERSION, SCHEMA, SCHEMA_VERSION } from "./schema.ts";

export interface DatabaseOptions {
  /** Never write; a store that this user may not write is opened so too. */
  readonly readOnly?: boolean;
  /** Let SQLite wait for the disk at its checkpoints. Nix's `fsync-metadata`. */
  readonly fsyncMetadata?: boolean;
}

/** The database of a store, with its statements prepared once each. */
export class StoreDatabase implements Disposable {
  readonly isReadOnly: boolean;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isInTransaction = false;

  constructor(db: DatabaseSync, isReadOnly: boolean) {
    this.#db = db;
    this.isReadOnly = isReadOnly;
  }

  /** The prepared statement of `sql`; rows come as arrays. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** All rows, each an array of columns in the order of the query. */
  rows(sql: string, ...values: SqlValue[]): SqlRow[] {
    return this.statement(sql).all(...values) as unknown as SqlRow[];
  }

  run(sql: string, ...values: SqlValue[]): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.statement(sql).run(...values);
    return { changes: Number(changes), lastId: Number(lastInsertRowid) };
  }

  /** All of `work` or nothing. It must not wait for anything: others wait for it. */
  transaction<T>(work: () => T): T {
    return this.#within("begin immediate", work);
  }

  /** Sees one state of the database in several queries. */
  snapshot<T>(work: () => T): T {
    return this.#within("begin", work);
  }

  #within<T>(begin: "begin" | "begin immediate", work: () => T): T {
    if (this.#isInTransaction) return work();
    this.#isInTransaction = true;
    try {
      return inTransaction(this.#db, begin, work);
    } finally {
      this.#isInTransaction = false;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }
}

export type SqlValue = string | number | bigint | null;
export type SqlRow = readonly SqlValue[];

/** Opens `<stateDir>/db/db.sqlite`, making the store's tables when there are none yet. */
export async function openDatabase(
  stateDir: string,
  { readOnly = false, fsyncMetadata = true }: DatabaseOptions = {},
): Promise<StoreDatabase> {
  const directory = `${stateDir}/db`;
  const version = readVersion(directory);
  if (version !== undefined && version !== SCHEMA_VERSION)
    throw new ElsewhereError(
      "STORE_SCHEMA",
      `Cannot open the store database in '${directory}': its schema is ${version}, and only ${SCHEMA_VERSION} is known`,
      { hint: "Open the store with a current Nix once, which upgrades it" },
    );
  if (readOnly || (version !== undefined && !isWritable(directory))) return openReadOnly(directory);
  if (version === undefined) await createDatabase(directory, fsyncMetadata);
  return openWritable(directory, fsyncMetadata);
}

function openWritable(directory: string, fsyncMetadata: boolean): StoreDatabase {
  const db = new DatabaseSync(databaseFile(directory), { timeout: BUSY_TIMEOUT_MS });
  db.exec(`pragma synchronous = ${fsyncMetadata ? "normal" : "off"};
    pragma foreign_keys = 1;
    pragma journal_mode = wal;
    pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};`);
  ensureRealisations(db, directory);
  return new StoreDatabase(db, false);
}

/** Where not even the lock files of SQLite can be written, the database is taken as it lies. */
function openReadOnly(directory: string): StoreDatabase {
  const file = databaseFile(directory);
  if (!existsSync(file))
    throw new ElsewhereError("NO_STORE", `Cannot open a store read-only: there is no '${file}'`);
  const url = `file://${encodeURI(file)}`;
  return tryReadOnly(url) ?? new StoreDatabase(readOnlyAt(`${url}?immutable=1`), true);
}

function tryReadOnly(url: string): StoreDatabase | undefined {
  const db = readOnlyAt(url);
  try {
    db.prepare("select 1 from ValidPaths limit 1").get();
    return new StoreDatabase(db, true);
  } catch {
    db.close();
    return undefined;
  }
}

function readOnlyAt(url: string): DatabaseSync {
  return new DatabaseSync(new URL(url), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
}

/** Under Nix's `big-lock`, so that two that come first do not both make the tables. */
async function createDatabase(directory: string, fsyncMetadata: boolean): Promise<void> {
  makeFolder(directory);
  const held = await lock(`${directory}/big-lock`, "exclusive");
  try {
    if (readVersion(directory) !== undefined) return;
    const db = new DatabaseSync(databaseFile(directory), { timeout: BUSY_TIMEOUT_MS });
    db.exec(`pragma synchronous = ${fsyncMetadata ? "normal" : "off"}; pragma journal_mode = wal;`);
    db.exec(`begin immediate; ${SCHEMA} commit;`);
    db.close();
    writeFileSync(`${directory}/schema`, SCHEMA_VERSION);
  } finally {
    held.release();
  }
}

/** Nix makes these tables only where content-addressed derivations are switched on; we always can build them. */
function ensureRealisations(db: DatabaseSync, directory: string): void {
  const found = db.prepare("select count(*) as found from sqlite_master where name = 'Realisations'").get();
  if (found!.found === 0)
    db.exec(`begin immediate; ${SCHEMA.split("\n").find((line) => line.includes("SchemaMigrations"))}
      ${CA_SCHEMA} insert or ignore into SchemaMigrations values ('${CA_MIGRATION}'); commit;`);
  if (!existsSync(`${directory}/ca-schema`)) writeFileSync(`${directory}/ca-schema`, CA_SCHEMA_VERSION);
}

function readVersion(directory: string): string | undefined {
  try {
    // One that was being written when its process was killed is empty.
    return readFileSync(`${directory}/schema`, "latin1").trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    accessSync(databaseFile(directory), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function databaseFile(directory: string): string {
  return `${directory}/db.sqlite`;
}

/** As long as Nix waits for another's transaction. */
const BUSY_TIMEOUT_MS = 60 * 60 * 1000;
/** Pages in the write-ahead log before it is folded in; Nix's figure. */
const CHECKPOINT_PAGES = 40_000;
