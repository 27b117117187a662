import type { StorePath } from "#nix/store-path.ts";
import type { LedgerDatabase } from "../database.ts";

const SELECT = `
select build, name, path from outputs
 where build in (select value from json_each(:builds)) order by build, name`;

/** Output paths by name, by the number of the build that made them. */
export function selectOutputs(
  db: LedgerDatabase,
  builds: readonly number[],
): Map<number, Map<string, StorePath>> {
  const found = new Map<number, Map<string, StorePath>>();
  for (const { build, name, path } of db.rows(SELECT, { builds: JSON.stringify(builds) })) {
    const outputs = found.get(build as number) ?? new Map<string, StorePath>();
    found.set(build as number, outputs.set(name as string, path as StorePath));
  }
  return found;
}
