import type { RequestEnd } from "../../record.ts";
import type { LedgerDatabase } from "../database.ts";

const UPDATE = `
update requests set ended = :end, ended_ms = :atMs where key = :request`;

export function endRequest(
  db: LedgerDatabase,
  { request, end, atMs }: { request: string; end: RequestEnd; atMs: number | undefined },
): void {
  db.run(UPDATE, { request, end, atMs });
}
