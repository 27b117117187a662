import { mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type BuilderBook,
  type BuilderPage,
  EMPTY_PAGE,
  type MachineFacts,
  type ProbeFinding,
} from "../engine/site/builder-book.ts";
import { formatPage, parsePage } from "./book-page.ts";

/** The builder book of this user, in the state folder. Where it cannot be kept, it is known to this run only. */
export function openBookFile(stateDir: string): BuilderBook {
  return new BookFile(stateDir);
}

class BookFile implements BuilderBook {
  readonly #stateDir: string;
  readonly #db: DatabaseSync;
  readonly #isShared: boolean;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    const shared = openShared(stateDir);
    this.#isShared = shared !== undefined;
    this.#db = shared ?? new DatabaseSync(":memory:");
    if (!shared) this.#db.exec(SCHEMA);
  }

  pageOf(builder: string): BuilderPage {
    const row = this.#db.prepare("select page from builder where key = ?").get(builder);
    return row ? parsePage(String(row.page)) : EMPTY_PAGE;
  }

  backOff(builder: string, nowMs: number) {
    const { fault } = this.pageOf(builder);
    return fault && fault.untilMs > nowMs ? fault : undefined;
  }

  failed(builder: string, nowMs: number, message: string): void {
    this.#change(builder, (page) => {
      const failures = Math.min((page.fault?.failures ?? 0) + 1, FAILURES_COUNTED);
      const said = message.slice(0, MESSAGE_CHARS_MAX);
      const fault = { failures, message: said, untilMs: nowMs + BACK_OFF_MS * 3 ** (failures - 1) };
      return { ...page, fault, lastFailure: { atMs: nowMs, message: said } };
    });
  }

  recovered(builder: string): void {
    if (this.pageOf(builder).fault) this.#change(builder, ({ fault: _, ...page }) => page);
  }

  drain(builder: string, drained: NonNullable<BuilderPage["drained"]>): void {
    this.#change(builder, (page) => ({ ...page, drained }));
  }

  resume(builder: string): void {
    this.#change(builder, ({ drained: _, ...page }) => page);
  }

  noteMachine(builder: string, machine: MachineFacts): void {
    this.#change(builder, (page) => ({ ...page, machine }));
  }

  noteSpeed(builder: string, speed: NonNullable<BuilderPage["speed"]>): void {
    this.#change(builder, (page) => ({ ...page, speed }));
  }

  noteProbe(builder: string, system: string, finding: ProbeFinding): void {
    this.#change(builder, (page) => ({ ...page, probes: new Map(page.probes).set(system, finding) }));
  }

  noteFailure(builder: string, { atMs, message }: NonNullable<BuilderPage["lastFailure"]>): void {
    const lastFailure = { atMs, message: message.slice(0, MESSAGE_CHARS_MAX) };
    this.#change(builder, (page) => ({ ...page, lastFailure }));
  }

  onChange(listener: () => void): Disposable {
    if (!this.#isShared) return { [Symbol.dispose]: () => undefined };
    const watcher = watch(this.#stateDir, { persistent: false }, (_, file) => {
      if (file?.startsWith(FILE)) listener();
    }).on("error", () => undefined);
    return { [Symbol.dispose]: () => watcher.close() };
  }

  /** What another run writes at the same time is not lost. What cannot be written is only not remembered. */
  #change(builder: string, work: (page: BuilderPage) => BuilderPage): void {
    try {
      this.#db.exec("begin immediate");
      const page = work(this.pageOf(builder));
      this.#db
        .prepare("insert or replace into builder (key, page) values (?, ?)")
        .run(builder, formatPage(page));
      this.#db.exec("commit");
    } catch {
      if (this.#db.isTransaction) this.#db.exec("rollback");
    }
  }
}

function openShared(stateDir: string): DatabaseSync | undefined {
  try {
    mkdirSync(stateDir, { recursive: true });
    const db = new DatabaseSync(join(stateDir, FILE), { timeout: BUSY_TIMEOUT_MS });
    db.exec(`${SCHEMA} pragma synchronous = normal;`);
    return db;
  } catch {
    return undefined;
  }
}

const FILE = "builders.sqlite";
const SCHEMA = "create table if not exists builder (key text primary key, page text not null) strict;";
const BUSY_TIMEOUT_MS = 2000;
const MESSAGE_CHARS_MAX = 2000;
/** The first rest; each failure after it makes it three times as long: 30 s, 90 s, 4.5 min, 13.5 min. */
const BACK_OFF_MS = 30_000;
const FAILURES_COUNTED = 4;
