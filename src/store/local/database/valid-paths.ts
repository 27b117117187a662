import type { PathInfo } from "#nix/path-info.ts";
import {
  HASH_PART_LENGTH,
  parseStorePath,
  printStorePath,
  type StoreDir,
  type StorePath,
} from "#nix/store-path.ts";
import { InvalidPathError } from "../../invalid-path.ts";
import { sortByReferences } from "../../reference-order.ts";
import { queryClosureInfos, queryInfos } from "./info-queries.ts";
import { printedJson } from "./path-rows.ts";
import type { SqlValue, StoreDatabase } from "./store-database.ts";

/** What a store's database says of its valid paths. */
export class ValidPaths {
  readonly #db: StoreDatabase;
  readonly #storeDir: StoreDir;

  constructor(db: StoreDatabase, storeDir: StoreDir) {
    this.#db = db;
    this.#storeDir = storeDir;
  }

  isValid(path: StorePath): boolean {
    return this.#db.rows("select 1 from ValidPaths where path = ?", this.#print(path)).length > 0;
  }

  /** The size of a valid path's NAR in bytes, 0 where it is not known; undefined when the path is not valid. */
  narSizeOf(path: StorePath): number | undefined {
    const row = this.#db.rows("select narSize from ValidPaths where path = ?", this.#print(path))[0];
    return row && Number(row[0] ?? 0);
  }

  validAmong(paths: Iterable<StorePath>): Set<StorePath> {
    return this.#pathSet(
      "select path from ValidPaths where path in (select value from json_each(?))",
      printedJson(this.#storeDir, paths),
    );
  }

  infosOf(paths: Iterable<StorePath>): Map<StorePath, PathInfo> {
    const infos = this.#db.snapshot(() => queryInfos(this.#db, this.#storeDir, paths));
    return new Map(infos.map((info) => [info.path, info]));
  }

  infoOf(path: StorePath): PathInfo | undefined {
    return this.infosOf([path]).get(path);
  }

  /** References before referrers. */
  closureOf(paths: readonly StorePath[]): PathInfo[] {
    const infos = this.#db.snapshot(() => queryClosureInfos(this.#db, this.#storeDir, paths));
    const found = new Set(infos.map((info) => info.path));
    for (const path of paths) if (!found.has(path)) throw new InvalidPathError(this.#print(path));
    return sortByReferences(infos);
  }

  all(): Set<StorePath> {
    return this.#pathSet("select path from ValidPaths");
  }

  referrersOf(path: StorePath): Set<StorePath> {
    return this.#pathSet(
      `select path from Refs join ValidPaths on referrer = id
       where reference = (select id from ValidPaths where path = ?)`,
      this.#print(path),
    );
  }

  /** Valid derivations that name `path` as the path of an output. */
  validDeriversOf(path: StorePath): Set<StorePath> {
    return this.#pathSet(
      `select v.path from DerivationOutputs d join ValidPaths v on d.drv = v.id where d.path = ?`,
      this.#print(path),
    );
  }

  /** Output paths that are known without building, by name. */
  staticOutputsOf(drvPath: StorePath): Map<string, StorePath> {
    const rows = this.#db.rows(
      "select id, path from DerivationOutputs where drv = (select id from ValidPaths where path = ?)",
      this.#print(drvPath),
    );
    return new Map(rows.map(([id, path]) => [id as string, this.#parse(path as string)]));
  }

  fromHashPart(hashPart: string): StorePath | undefined {
    const prefix = `${this.#storeDir}/${hashPart}`;
    const rows = this.#db.rows("select path from ValidPaths where path >= ? limit 1", prefix);
    const found = rows[0]?.[0] as string | undefined;
    if (!found?.startsWith(prefix) || hashPart.length !== HASH_PART_LENGTH) return undefined;
    return this.#parse(found);
  }

  #pathSet(sql: string, ...values: SqlValue[]): Set<StorePath> {
    return new Set(this.#db.rows(sql, ...values).map(([path]) => this.#parse(path as string)));
  }

  #print(path: StorePath): string {
    return printStorePath(this.#storeDir, path);
  }

  #parse(printed: string): StorePath {
    return parseStorePath(this.#storeDir, printed);
  }
}
