import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Rest, type Rests, shortRests } from "#base/rests.ts";

/** Rests kept in a file of the state folder, for every run of this user. Where it cannot be kept, for this run only. */
export function openRestFile(stateDir: string, name: string): Rests {
  try {
    mkdirSync(stateDir, { recursive: true });
    const db = new DatabaseSync(join(stateDir, `${name}.sqlite`), { timeout: BUSY_TIMEOUT_MS });
    db.exec(`pragma journal_mode = wal; pragma synchronous = off; ${SCHEMA}`);
    return new RestFile(db);
  } catch {
    return shortRests();
  }
}

class RestFile implements Rests {
  readonly #db: DatabaseSync;
  /** What could not be written is known to this run at least. */
  readonly #own = shortRests();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#try(() => db.prepare("delete from rest where until_ms < ?").run(Date.now() - FORGOTTEN_AFTER_MS));
  }

  restOf(key: string, nowMs: number): Rest | undefined {
    const query = "select until_ms, message from rest where key = ? and until_ms > ?";
    const row = this.#try(() => this.#db.prepare(query).get(key, nowMs));
    if (row) return { untilMs: Number(row.until_ms), message: String(row.message) };
    return this.#own.restOf(key, nowMs);
  }

  keysUnder(prefix: string, nowMs: number): ReadonlySet<string> {
    const query = "select key from rest where substr(key, 1, ?) = ? and until_ms > ?";
    const rows = this.#try(() => this.#db.prepare(query).all(prefix.length, prefix, nowMs)) ?? [];
    return this.#own.keysUnder(prefix, nowMs).union(new Set(rows.map(({ key }) => String(key))));
  }

  rest(key: string, rest: Rest): void {
    const { untilMs, message } = rest;
    const written = this.#try(() =>
      this.#db
        .prepare("insert or replace into rest (key, until_ms, message) values (?, ?, ?)")
        .run(key, untilMs, message.slice(0, MESSAGE_CHARS_MAX)),
    );
    if (!written) this.#own.rest(key, rest);
  }

  end(key: string): void {
    this.#own.end(key);
    this.#try(() => this.#db.prepare("delete from rest where key = ?").run(key));
  }

  #try<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch {
      return undefined;
    }
  }
}

const SCHEMA =
  "create table if not exists rest (key text primary key, until_ms real not null, message text not null) strict;";
const BUSY_TIMEOUT_MS = 2000;
const MESSAGE_CHARS_MAX = 2000;
const FORGOTTEN_AFTER_MS = 86_400_000;
