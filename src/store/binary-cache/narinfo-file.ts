import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { hashPartOf, type StorePath } from "#nix/store-path.ts";
import { inTransaction } from "../in-transaction.ts";
import type { Answer, NarInfoLifetimes, NarInfoMemory } from "./narinfo-memory.ts";

/**
 * Answers of binary caches in a file that any number of processes share. A file that cannot be read is made anew; where none
 * can be kept, undefined. What is noted is written soon, many at a time: who is killed meanwhile has to ask again.
 */
export function openNarInfoFile(file: string, lifetimes: NarInfoLifetimes): NarInfoMemory | undefined {
  try {
    return new NarInfoFile(openDatabase(file), lifetimes);
  } catch (error) {
    if (!isDamage(error)) return undefined;
  }
  try {
    for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true });
    return new NarInfoFile(openDatabase(file), lifetimes);
  } catch {
    return undefined;
  }
}

interface Note {
  readonly cache: string;
  readonly hashPart: string;
  readonly contents: Uint8Array | null;
  readonly atMs: number;
}

class NarInfoFile implements NarInfoMemory {
  readonly #db: DatabaseSync;
  readonly #lifetimes: NarInfoLifetimes;
  readonly #select: StatementSync;
  #notes: Note[] = [];

  constructor(db: DatabaseSync, lifetimes: NarInfoLifetimes) {
    this.#db = db;
    this.#lifetimes = lifetimes;
    this.#select = db.prepare("select at_ms, contents from narinfo where cache = ? and hash_part = ?");
  }

  recall(cache: string, path: StorePath, nowMs: number): Answer | undefined {
    const row = this.#try(() => this.#select.get(cache, hashPartOf(path)));
    if (!row) return undefined;
    const contents = row.contents instanceof Uint8Array ? row.contents : undefined;
    const ageMs = nowMs - Number(row.at_ms);
    const holdsMs = contents === undefined ? this.#lifetimes.absentMs : this.#lifetimes.presentMs;
    // What was noted in the future was noted by a clock that went wrong.
    return ageMs >= 0 && ageMs < holdsMs ? { contents } : undefined;
  }

  note(cache: string, path: StorePath, { contents, atMs }: Answer & { atMs: number }): void {
    if (this.#notes.length === 0) setImmediate(() => this.#write());
    this.#notes.push({ cache, hashPart: hashPartOf(path), contents: contents ?? null, atMs });
  }

  forget(cache: string, path: StorePath): void {
    this.#write();
    this.#try(() =>
      this.#db.prepare("delete from narinfo where cache = ? and hash_part = ?").run(cache, hashPartOf(path)),
    );
  }

  [Symbol.dispose](): void {
    this.#write();
    this.#try(() => this.#db.close());
  }

  #write(): void {
    const notes = this.#notes;
    this.#notes = [];
    if (notes.length === 0) return;
    this.#try(() =>
      inTransaction(this.#db, "begin immediate", () => {
        const insert = this.#db.prepare(
          "insert or replace into narinfo (cache, hash_part, at_ms, contents) values (?, ?, ?, ?)",
        );
        for (const { cache, hashPart, atMs, contents } of notes) insert.run(cache, hashPart, atMs, contents);
        this.#trim();
      }),
    );
  }

  /** The oldest go when there are too many. */
  #trim(): void {
    const count = Number(
      this.#db.prepare("select max(rowid) - min(rowid) as count from narinfo").get()?.count ?? 0,
    );
    if (count <= NARINFOS_MAX) return;
    this.#db
      .prepare("delete from narinfo where rowid < (select max(rowid) from narinfo) - ?")
      .run(NARINFOS_MAX / 2);
  }

  #try<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch {
      return undefined;
    }
  }
}

function openDatabase(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.exec(`pragma journal_mode = wal; pragma synchronous = normal; ${SCHEMA}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What SQLite says of a file that is none of its own, or not whole. Source: SQLite, result codes 11 and 26. */
function isDamage(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode === 11 || errcode === 26;
}

/** What is noted again has a new row: the lowest are the oldest. */
const SCHEMA = `create table if not exists narinfo (
  cache text not null, hash_part text not null, at_ms real not null, contents blob, unique (cache, hash_part)
) strict;`;
const BUSY_TIMEOUT_MS = 2000;
/** Some 500 bytes each. */
const NARINFOS_MAX = 400_000;
