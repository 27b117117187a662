import { ElsewhereError } from "#base/errors.ts";
import { formatContentAddress } from "#nix/content-address.ts";
import { formatHash } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { sortByReferences } from "../../reference-order.ts";
import type { StoreDatabase } from "./store-database.ts";

/** A path to register, and the outputs with known paths when it is a derivation. */
export interface Registration {
  readonly info: PathInfo;
  readonly outputs?: ReadonlyMap<string, StorePath>;
}

/**
 * Writes rows for paths whose files are complete. Runs inside a transaction of the caller. References must be
 * valid or among `entries`. A path that is valid already gets the new information.
 */
export function register(
  db: StoreDatabase,
  storeDir: StoreDir,
  { entries, nowS }: { entries: readonly Registration[]; nowS: number },
): void {
  sortByReferences(entries.map(({ info }) => info));
  const ids = new Map<StorePath, number>();
  for (const { info } of entries) ids.set(info.path, writeRow(db, storeDir, info, nowS));
  for (const { info } of entries) writeReferences(db, storeDir, info, ids);
  for (const { info, outputs } of entries)
    for (const [name, path] of outputs ?? [])
      db.run(
        "insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)",
        ids.get(info.path)!,
        name,
        printStorePath(storeDir, path),
      );
}

function writeRow(db: StoreDatabase, storeDir: StoreDir, info: PathInfo, nowS: number): number {
  const rows = db.rows(
    UPSERT,
    printStorePath(storeDir, info.path),
    formatHash(info.narHash, "base16"),
    info.registrationTime || nowS,
    info.deriver ? printStorePath(storeDir, info.deriver) : null,
    info.narSize || null,
    info.ultimate ? 1 : null,
    info.signatures.length > 0 ? info.signatures.join(" ") : null,
    info.contentAddress ? formatContentAddress(info.contentAddress) : null,
  );
  return rows[0]![0] as number;
}

function writeReferences(
  db: StoreDatabase,
  storeDir: StoreDir,
  info: PathInfo,
  ids: Map<StorePath, number>,
): void {
  const referrer = ids.get(info.path)!;
  for (const reference of info.references) {
    let id = ids.get(reference);
    if (id === undefined) {
      const printed = printStorePath(storeDir, reference);
      id = db.rows("select id from ValidPaths where path = ?", printed)[0]?.[0] as number | undefined;
      if (id === undefined) throw new MissingReferenceError(printStorePath(storeDir, info.path), printed);
      ids.set(reference, id);
    }
    db.run("insert or replace into Refs (referrer, reference) values (?, ?)", referrer, id);
  }
}

/** A path that refers to one that is not valid. */
export class MissingReferenceError extends ElsewhereError {
  override readonly name = "MissingReferenceError";
  constructor(path: string, reference: string) {
    super(
      "MISSING_REFERENCE",
      `Cannot register '${path}': it refers to '${reference}', and path '${reference}' is not valid`,
      {
        hint: "Add the references of a path before the path, or with it",
      },
    );
  }
}

const UPSERT = `
  insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca)
  values (?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (path) do update set hash = excluded.hash, narSize = excluded.narSize,
    ultimate = excluded.ultimate, sigs = excluded.sigs, ca = excluded.ca,
    deriver = coalesce(excluded.deriver, deriver)
  returning id`;
