import { nameOf } from "#nix/store-path.ts";
import { nameWithoutVersion } from "#schedule/estimate.ts";
import type { LedgerChange } from "../../change.ts";
import type { LedgerDatabase } from "../database.ts";

const INSERT = `
insert into builds (request, drv_path, full_name, name, system, planned_ms)
values (:request, :drvPath, :fullName, :name, :system, :atMs)
on conflict (request, drv_path) do nothing`;

export function planBuild(
  db: LedgerDatabase,
  { request, drvPath, system, atMs }: Extract<LedgerChange, { kind: "build-planned" }>,
): void {
  const fullName = nameOf(drvPath).replace(/\.drv$/, "");
  db.run(INSERT, { request, drvPath, fullName, name: nameWithoutVersion(fullName), system, atMs });
}
