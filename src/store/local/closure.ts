import type { PathInfo } from "#nix/path-info.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { SqlRow, StoreDatabase } from "./database.ts";
import { INFO_COLUMNS, infoOfRow, printedJson } from "./path-rows.ts";

/**
 * The information of `paths` and of all that they refer to, in no order. All references are among the rows,
 * so those come as pairs of numbers alone, which is what makes a closure of tens of thousands quick.
 */
export function closureInfos(db: StoreDatabase, storeDir: StoreDir, paths: Iterable<StorePath>): PathInfo[] {
  const rows = db.rows(CLOSURE, printedJson(storeDir, paths));
  const infos = new Map<number, { info: PathInfo; references: StorePath[] }>();
  for (const row of rows) {
    const references: StorePath[] = [];
    infos.set(row[0] as number, { info: infoOfRow(storeDir, row, references), references });
  }
  for (const [referrer, references] of referencesAmong(db, rows))
    for (const id of (references as string).split(","))
      infos.get(referrer as number)!.references.push(infos.get(Number(id))!.info.path);
  return Array.from(infos.values(), ({ info, references }) => {
    references.sort();
    return info;
  });
}

function referencesAmong(db: StoreDatabase, rows: readonly SqlRow[]): SqlRow[] {
  return db.rows(REFERENCES, JSON.stringify(rows.map(([id]) => id)));
}

const CLOSURE = `
  with recursive closure(id) as (
    select id from ValidPaths where path in (select value from json_each(?))
    union
    select r.reference from closure c join Refs r on r.referrer = c.id
  ) select ${INFO_COLUMNS} from ValidPaths where id in closure`;

const REFERENCES = `
  select referrer, group_concat(reference) from Refs
  where referrer in (select value from json_each(?)) group by referrer`;
