import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const UPDATE = `
update builds
   set ended = :end, ended_ms = :atMs, builder = :builder, duration_ms = :durationMs, message = :message
 where request = :request and drv_path = :drvPath`;

const INSERT_OUTPUT = `
insert into outputs (build, name, path)
select number, :name, :path from builds where request = :request and drv_path = :drvPath
on conflict (build, name) do update set path = excluded.path`;

export function endBuild(
  db: LedgerDatabase,
  { kind: _, outputs, ...values }: Extract<LedgerChange, { kind: "build-ended" }>,
): void {
  db.run(UPDATE, values);
  const { request, drvPath } = values;
  for (const [name, path] of outputs) db.run(INSERT_OUTPUT, { request, drvPath, name, path });
}
