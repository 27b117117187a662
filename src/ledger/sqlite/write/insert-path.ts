import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const INSERT = `
insert into paths (path, request, origin, signed_by, at_ms) values (:path, :request, :origin, :signedBy, :atMs)
on conflict (path, request) do update set origin = excluded.origin, signed_by = excluded.signed_by`;

export function insertPath(
  db: LedgerDatabase,
  { path, request, origin, signedBy, atMs }: Extract<LedgerChange, { kind: "path-arrived" }>,
): void {
  db.run(INSERT, {
    path,
    request,
    origin: JSON.stringify(origin),
    signedBy: JSON.stringify(signedBy),
    atMs,
  });
}
