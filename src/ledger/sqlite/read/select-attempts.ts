import { parsePlacement } from "../../placement-json.ts";
import type { AttemptEnd, AttemptRecord } from "../../record.ts";
import type { LedgerDatabase, Row } from "../database.ts";

const SELECT = `
select build, attempt, builder, local, placement, began_ms, building_ms, ended_ms, ended, detail,
       message, cpu_user_us, cpu_system_us, memory_peak
  from attempts where build in (select value from json_each(:builds)) order by build, attempt`;

export function selectAttempts(db: LedgerDatabase, builds: readonly number[]): AttemptRecord[] {
  return db.rows(SELECT, { builds: JSON.stringify(builds) }).map(parse);
}

function parse(row: Row): AttemptRecord {
  return {
    build: row.build as number,
    attempt: row.attempt as number,
    builder: row.builder as string,
    local: row.local === 1,
    placement: parsePlacement(row.placement as string),
    beganMs: row.began_ms as number,
    buildBeganMs: numberOf(row.building_ms),
    endedMs: numberOf(row.ended_ms),
    end: (row.ended ?? undefined) as AttemptEnd | undefined,
    detail: (row.detail ?? undefined) as string | undefined,
    message: (row.message ?? undefined) as string | undefined,
    cpuUserUs: numberOf(row.cpu_user_us),
    cpuSystemUs: numberOf(row.cpu_system_us),
    memoryPeakBytes: numberOf(row.memory_peak),
  };
}

function numberOf(value: Row[string] | undefined): number | undefined {
  return (value ?? undefined) as number | undefined;
}
