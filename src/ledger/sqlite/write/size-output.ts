import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const UPDATE = `
update outputs set bytes = :bytes
 where path = :path and build in (select number from builds where request = :request)`;

export function sizeOutput(
  db: LedgerDatabase,
  { request, path, bytes }: Extract<LedgerChange, { kind: "output-sized" }>,
): void {
  db.run(UPDATE, { request, path, bytes });
}
