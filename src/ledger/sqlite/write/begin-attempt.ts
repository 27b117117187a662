import type { LedgerChange } from "../../change.ts";
import { formatPlacement } from "../../placement-json.ts";
import type { LedgerDatabase } from "../database.ts";

const INSERT = `
insert into attempts (build, attempt, builder, local, placement, began_ms)
select number, :attempt, :builder, :local, :placement, :atMs
  from builds where request = :request and drv_path = :drvPath
on conflict (build, attempt) do nothing`;

export function beginAttempt(
  db: LedgerDatabase,
  change: Extract<LedgerChange, { kind: "attempt-began" }>,
): void {
  const { request, drvPath, attempt, builder, local, placement, atMs } = change;
  db.run(INSERT, {
    request,
    drvPath,
    attempt,
    builder,
    local: Number(local),
    placement: formatPlacement(placement),
    atMs,
  });
}
