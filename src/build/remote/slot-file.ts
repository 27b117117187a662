import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { inTransaction } from "#store/in-transaction.ts";
import { type SlotShare, unsharedSlots } from "../engine/site/slot-share.ts";
import { isStaleName, ownedName } from "../local/process/ownership.ts";
import { type Bell, openBell } from "./slot-bell.ts";

/**
 * Slots shared through a file in the state folder. Leases bear the name of their process and go with it; who holds some is
 * heard by its socket, so that a slot is known to be free when its process ends, even by `kill -9`. Where the folder
 * cannot be written nothing is shared.
 */
export async function openSlotFile(stateDir: string): Promise<SlotShare> {
  const folder = join(stateDir, "slots");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const db = new DatabaseSync(join(folder, "slots.sqlite"), { timeout: BUSY_TIMEOUT_MS });
    db.exec(`pragma journal_mode = wal; pragma synchronous = off; ${SCHEMA}`);
    const share = new SlotFile(db);
    await share.join(folder);
    return share;
  } catch {
    return unsharedSlots;
  }
}

class SlotFile implements SlotShare {
  readonly #db: DatabaseSync;
  readonly #member = ownedName();
  readonly #listeners = new Set<() => void>();
  #bell: Bell | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Begins to be heard by the others, and to hear them. */
  async join(folder: string): Promise<void> {
    this.#bell = await openBell({
      folder,
      name: this.#member,
      onRing: () => this.#tellListeners(),
      onGone: (socket) => this.#forgetSocket(socket),
    });
    this.#db.prepare("insert into member (name, socket) values (?, ?)").run(this.#member, this.#bell.socket);
    for (const { name, socket } of this.#others())
      if (isStaleName(name)) this.#forgetSocket(socket);
      else this.#bell.hear(socket);
  }

  take(builder: string, slotsMax: number): Disposable | undefined {
    const lease = unlessBroken(UNSHARED, () => {
      // Whoever died unheard holds nothing.
      return this.#tryTake(builder, slotsMax) ?? (this.#forgetStale() && this.#tryTake(builder, slotsMax));
    });
    if (!lease) return undefined;
    this.#bell?.ring();
    let isHeld = lease !== UNSHARED;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#giveBack(lease.id);
        isHeld = false;
      },
    };
  }

  held(builder: string): number {
    return unlessBroken(0, () => this.#held(builder));
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    this.#forget(this.#member);
    this.#bell?.ring();
    await this.#bell?.[Symbol.asyncDispose]();
    this.#db.close();
  }

  #held(builder: string): number {
    const query = "select count(*) as held from lease where builder = ?";
    return Number(this.#db.prepare(query).get(builder)?.held);
  }

  #tryTake(builder: string, slotsMax: number): Lease | undefined {
    return this.#transaction(() => {
      if (this.#held(builder) >= slotsMax) return undefined;
      const { lastInsertRowid } = this.#db
        .prepare("insert into lease (member, builder) values (?, ?)")
        .run(this.#member, builder);
      return { id: lastInsertRowid };
    });
  }

  #giveBack(id: number | bigint): void {
    unlessBroken(undefined, () => this.#db.prepare("delete from lease where id = ?").run(id));
    this.#bell?.ring();
  }

  #others(): { readonly name: string; readonly socket: string }[] {
    return this.#db
      .prepare("select name, socket from member where name <> ? order by name limit ?")
      .all(this.#member, MEMBERS_MAX)
      .map(({ name, socket }) => ({ name: String(name), socket: String(socket) }));
  }

  /** Whether there was anybody to forget. */
  #forgetStale(): boolean {
    const stale = this.#others().filter(({ name }) => isStaleName(name));
    for (const { name } of stale) this.#forget(name);
    return stale.length > 0;
  }

  #forgetSocket(socket: string): void {
    const gone = this.#others().find((other) => other.socket === socket);
    if (gone) this.#forget(gone.name);
    this.#tellListeners();
  }

  #forget(name: string): void {
    this.#transaction(() => {
      this.#db.prepare("delete from lease where member = ?").run(name);
      this.#db.prepare("delete from member where name = ?").run(name);
    });
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  #transaction<T>(work: () => T): T {
    return inTransaction(this.#db, "begin immediate", work);
  }
}

/** A file that cannot be used, with a full disk for one, must not keep anybody from building. */
function unlessBroken<T, U>(otherwise: U, work: () => T): T | U {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

interface Lease {
  readonly id: number | bigint;
}

/** A slot that is in no file. */
const UNSHARED: Lease = { id: 0 };

const SCHEMA = `
  create table if not exists member (name text primary key, socket text not null) strict;
  create table if not exists lease (
    id integer primary key, member text not null, builder text not null
  ) strict;
  create index if not exists lease_by_builder on lease (builder);`;
/** How long a transaction waits for those of other processes, which are short. */
const BUSY_TIMEOUT_MS = 5000;
/** Runs on one machine that hear each other. */
const MEMBERS_MAX = 256;
