import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const UPDATE = `
update attempts set building_ms = :atMs
 where attempt = :attempt
   and build = (select number from builds where request = :request and drv_path = :drvPath)`;

export function noteBuilding(
  db: LedgerDatabase,
  { request, drvPath, attempt, atMs }: Extract<LedgerChange, { kind: "attempt-building" }>,
): void {
  db.run(UPDATE, { request, drvPath, attempt, atMs });
}
