import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const INSERT = `
insert into copies (request, from_store, to_store, paths, bytes, began_ms, ended_ms, error)
values (:request, :from, :to, :paths, :bytes, :beganMs, :endedMs, :error)
returning id`;

const INSERT_PATH = `
insert into copied_paths (copy, path, bytes) values (:copy, :path, :bytes)`;

export function insertCopy(
  db: LedgerDatabase,
  { kind: _, contents, ...copy }: Extract<LedgerChange, { kind: "copied" }>,
): void {
  const [row] = db.rows(INSERT, copy);
  for (const { path, bytes } of contents) db.run(INSERT_PATH, { copy: row!.id!, path, bytes });
}
