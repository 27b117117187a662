import type { StorePath } from "#nix/store-path.ts";
import type { BuildFilter } from "../../ledger.ts";
import type { BuildEnd, BuildRecord } from "../../record.ts";
import type { LedgerDatabase, Row, SqlValues } from "../database.ts";

/** The newest builds that a filter lets through, without their outputs. */
export function selectBuilds(db: LedgerDatabase, filter: BuildFilter): Omit<BuildRecord, "outputs">[] {
  const { conditions, values } = conditionsOf(filter);
  const where = conditions.length > 0 ? `where ${conditions.join("\n   and ")}` : "";
  const sql = `
select number, request, drv_path, system, planned_ms, ended_ms, ended, builder, duration_ms, message
  from builds
 ${where}
 order by number desc limit :limit`;
  return db.rows(sql, { ...values, limit: filter.limit }).map(parse);
}

function conditionsOf(filter: BuildFilter): { conditions: string[]; values: SqlValues } {
  const { number, request, drvPath, output, builder, system, sinceMs, untilMs, pattern } = filter;
  const parts: [condition: string, values: SqlValues][] = [];
  if (number !== undefined) parts.push(["number = :number", { number }]);
  if (request !== undefined) parts.push(["request = :request", { request }]);
  if (drvPath !== undefined) parts.push(["drv_path = :drvPath", { drvPath }]);
  if (output !== undefined)
    parts.push(["number in (select build from outputs where path = :output)", { output }]);
  if (builder !== undefined)
    parts.push([
      "(builder = :builder or number in (select build from attempts where attempts.builder = :builder))",
      { builder },
    ]);
  if (system !== undefined) parts.push(["system = :system", { system }]);
  if (sinceMs !== undefined) parts.push(["planned_ms >= :sinceMs", { sinceMs }]);
  if (untilMs !== undefined) parts.push(["planned_ms < :untilMs", { untilMs }]);
  if (pattern !== undefined)
    parts.push([`full_name like :pattern escape '${ESCAPE}'`, { pattern: likeOf(pattern) }]);
  if (filter.ends) parts.push(endsCondition(filter.ends));
  return {
    conditions: parts.map(([condition]) => condition),
    values: Object.assign({}, ...parts.map(([, values]) => values)),
  };
}

function endsCondition(ends: readonly (BuildEnd | "running")[]): [string, SqlValues] {
  const named = ends.filter((end) => end !== "running");
  const list = named.map((_, index) => `:end${index}`).join(", ");
  const running = ends.includes("running") ? " or ended is null" : "";
  const values = Object.fromEntries(named.map((end, index) => [`end${index}`, end]));
  return [`(ended in (${list})${running})`, values];
}

/** A pattern of `*` and `?` that may stand anywhere in the name, as SQL has it. */
function likeOf(pattern: string): string {
  const literal = pattern.replace(/[%_!]/g, `${ESCAPE}$&`);
  return `%${literal.replaceAll("*", "%").replaceAll("?", "_")}%`;
}

function parse(row: Row): Omit<BuildRecord, "outputs"> {
  return {
    number: row.number as number,
    request: row.request as string,
    drvPath: row.drv_path as StorePath,
    system: row.system as string,
    plannedMs: row.planned_ms as number,
    endedMs: (row.ended_ms ?? undefined) as number | undefined,
    end: (row.ended ?? undefined) as BuildEnd | undefined,
    builder: (row.builder ?? undefined) as string | undefined,
    durationMs: (row.duration_ms ?? undefined) as number | undefined,
    message: (row.message ?? undefined) as string | undefined,
  };
}

const ESCAPE = "!";
