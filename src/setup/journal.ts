import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { Change } from "./change.ts";
import type { SetupHost } from "./host.ts";

/** One set-up that was carried out, as far as it got. */
export interface SetupEntry {
  /** From 1, in the order of time. */
  readonly id: number;
  readonly atMs: number;
  readonly title: string;
  /** Those that were begun, in order: the last one may not have been carried out. */
  readonly changes: readonly Change[];
  readonly undone: boolean;
}

/** What was set up, kept so that it can be taken back: a file an entry, readable by this user alone. */
export class SetupJournal {
  readonly #folder: string;
  readonly #host: SetupHost;

  constructor(stateDir: string, host: SetupHost) {
    this.#folder = join(stateDir, "setup");
    this.#host = host;
  }

  /** The oldest first. */
  entries(): readonly SetupEntry[] {
    return this.#ids().map((id) => this.entry(id));
  }

  entry(id: number): SetupEntry {
    try {
      return JSON.parse(readFileSync(this.#file(id), "utf8")) as SetupEntry;
    } catch (cause) {
      throw new ElsewhereError("SETUP_JOURNAL", `Cannot find set-up ${id}`, {
        hint: "'elsewhere setup list' shows what there is",
        cause,
      });
    }
  }

  begin(title: string, atMs: number): SetupEntry {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const id = (this.#ids().at(-1) ?? 0) + 1;
    return this.#write({ id, atMs, title, changes: [], undone: false });
  }

  /** Written down before it is done, so that whatever was done can be taken back. */
  add(entry: SetupEntry, change: Change): SetupEntry {
    return this.#write({ ...entry, changes: [...entry.changes, change] });
  }

  close(entry: SetupEntry): SetupEntry {
    return this.#write({ ...entry, undone: true });
  }

  #write(entry: SetupEntry): SetupEntry {
    this.#host.writeText(this.#file(entry.id), `${JSON.stringify(entry)}\n`, 0o600);
    return entry;
  }

  #file(id: number): string {
    return join(this.#folder, `${id}.json`);
  }

  #ids(): number[] {
    try {
      return readdirSync(this.#folder)
        .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
        .map(Number)
        .sort((a, b) => a - b);
    } catch {
      return [];
    }
  }
}
