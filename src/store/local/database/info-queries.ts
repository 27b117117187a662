import type { PathInfo } from "#nix/path-info.ts";
import { parseStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { INFO_COLUMNS, infoOfRow, printedJson } from "./path-rows.ts";
import type { SqlRow, StoreDatabase } from "./store-database.ts";

/** The information of those among `paths` that are valid, in no order. */
export function queryInfos(db: StoreDatabase, storeDir: StoreDir, paths: Iterable<StorePath>): PathInfo[] {
  return withReferences(db, storeDir, db.rows(AMONG, printedJson(storeDir, paths)));
}

/** The same with all that they refer to. */
export function queryClosureInfos(
  db: StoreDatabase,
  storeDir: StoreDir,
  paths: Iterable<StorePath>,
): PathInfo[] {
  return withReferences(db, storeDir, db.rows(CLOSURE, printedJson(storeDir, paths)));
}

/**
 * References come as numbers, and most of what is referred to is among the rows already: that is what makes
 * tens of thousands of paths quick.
 */
function withReferences(db: StoreDatabase, storeDir: StoreDir, rows: readonly SqlRow[]): PathInfo[] {
  const pairs = db.rows(REFERENCES, JSON.stringify(rows.map(([id]) => id)));
  const referencesOf = new Map(pairs.map(([id, list]) => [id, (list as string).split(",").map(Number)]));
  const infos = rows.map((row) => ({ id: row[0], info: infoOfRow(storeDir, row, []) }));
  const names = new Map(infos.map(({ id, info }) => [id as number, info.path]));
  addMissingNames(db, storeDir, { names, wanted: [...referencesOf.values()].flat() });
  return infos.map(({ id, info }) => {
    const references = referencesOf.get(id);
    return references ? { ...info, references: references.map((each) => names.get(each)!).sort() } : info;
  });
}

function addMissingNames(
  db: StoreDatabase,
  storeDir: StoreDir,
  { names, wanted }: { names: Map<number, StorePath>; wanted: readonly number[] },
): void {
  const missing = new Set(wanted.filter((id) => !names.has(id)));
  if (missing.size === 0) return;
  for (const [id, path] of db.rows(NAMES, JSON.stringify([...missing])))
    names.set(id as number, parseStorePath(storeDir, path as string));
}

const AMONG = `select ${INFO_COLUMNS} from ValidPaths where path in (select value from json_each(?))`;

const CLOSURE = `
  with recursive closure(id) as (
    select id from ValidPaths where path in (select value from json_each(?))
    union
    select r.reference from closure c join Refs r on r.referrer = c.id
  ) select ${INFO_COLUMNS} from ValidPaths where id in closure`;

const REFERENCES = `
  select referrer, group_concat(reference) from Refs
  where referrer in (select value from json_each(?)) group by referrer`;

const NAMES = "select id, path from ValidPaths where id in (select value from json_each(?))";
