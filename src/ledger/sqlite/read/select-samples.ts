import type { BuildSample } from "../../ledger.ts";
import type { LedgerDatabase } from "../database.ts";

const SELECT = `
select name, system, builder, duration_ms, ended_ms,
       (select max(memory_peak) from attempts where build = number) as memory_peak,
       (select case when count(bytes) = count(*) then sum(bytes) end from outputs where build = number)
         as output_bytes
  from builds
 where name = :name and ended = 'built' and duration_ms is not null
 order by number desc limit :each`;

/** What builds of these names took, the newest of each first. */
export function selectSamples(
  db: LedgerDatabase,
  { names, each }: { names: readonly string[]; each: number },
): BuildSample[] {
  return names.flatMap((name) =>
    db.rows(SELECT, { name, each }).map((row) => ({
      name,
      system: row.system as string,
      builder: row.builder as string,
      durationMs: row.duration_ms as number,
      memoryPeakBytes: (row.memory_peak ?? undefined) as number | undefined,
      outputBytes: (row.output_bytes ?? undefined) as number | undefined,
      endedMs: row.ended_ms as number,
    })),
  );
}
