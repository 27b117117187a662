import type { BuildSample } from "../../ledger.ts";
import type { LedgerDatabase, Row } from "../database.ts";

const COLUMNS = `name, system, builder, duration_ms, ended_ms,
       (select max(memory_peak) from attempts where build = number) as memory_peak,
       (select case when count(bytes) = count(*) then sum(bytes) end from outputs where build = number)
         as output_bytes`;

const BY_NAME = `
select ${COLUMNS} from builds
 where name = :name and ended = 'built' and duration_ms is not null
 order by number desc limit :each`;

const RECENT = `
select ${COLUMNS} from builds
 where planned_ms >= :sinceMs and ended = 'built' and duration_ms is not null
 order by number desc limit :limit`;

/** What builds of these names took, the newest of each first. */
export function selectSamples(
  db: LedgerDatabase,
  { names, each }: { names: readonly string[]; each: number },
): BuildSample[] {
  return names.flatMap((name) => db.rows(BY_NAME, { name, each }).map(parse));
}

/** What the last builds took, the newest first. */
export function selectRecentSamples(
  db: LedgerDatabase,
  since: { readonly sinceMs: number; readonly limit: number },
): BuildSample[] {
  return db.rows(RECENT, since).map(parse);
}

function parse(row: Row): BuildSample {
  return {
    name: row.name as string,
    system: row.system as string,
    builder: row.builder as string,
    durationMs: row.duration_ms as number,
    memoryPeakBytes: (row.memory_peak ?? undefined) as number | undefined,
    outputBytes: (row.output_bytes ?? undefined) as number | undefined,
    endedMs: row.ended_ms as number,
  };
}
