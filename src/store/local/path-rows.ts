import { parseContentAddress } from "#nix/content-address.ts";
import { parseHash } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { parseStorePath, printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { SqlRow, StoreDatabase } from "./database.ts";

/** The columns that `infoOfRow` reads, in its order. */
export const INFO_COLUMNS = "id, path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca";

/** A path's information as its row has it, its references given. */
export function infoOfRow(storeDir: StoreDir, row: SqlRow, references: readonly StorePath[]): PathInfo {
  const [, path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca] = row;
  return {
    path: parseStorePath(storeDir, path as string),
    narHash: parseHash(hash as string, "sha256"),
    registrationTime: Number(registrationTime),
    deriver: deriver ? parseStorePath(storeDir, deriver as string) : undefined,
    narSize: Number(narSize ?? 0),
    ultimate: ultimate === 1,
    signatures: parseSignatures(sigs as string | null),
    contentAddress: ca ? parseContentAddress(ca as string) : undefined,
    references,
  };
}

export function parseSignatures(text: string | null): readonly string[] {
  return text
    ? text
        .split(" ")
        .filter((signature) => signature !== "")
        .sort()
    : [];
}

/** References by id of the referrer: those of all rows that `ids`, a subquery, selects. Sorted. */
export function referencesOf(
  db: StoreDatabase,
  storeDir: StoreDir,
  { ids, values }: { ids: string; values: string[] },
): Map<number, StorePath[]> {
  const found = new Map<number, StorePath[]>();
  const names = new Map<string, StorePath>();
  const rows = db.rows(
    `select r.referrer, v.path from Refs r join ValidPaths v on v.id = r.reference where r.referrer in (${ids})`,
    ...values,
  );
  for (const [referrer, path] of rows) {
    let reference = names.get(path as string);
    if (!reference) {
      reference = parseStorePath(storeDir, path as string);
      names.set(path as string, reference);
    }
    const references = found.get(referrer as number);
    if (references) references.push(reference);
    else found.set(referrer as number, [reference]);
  }
  for (const references of found.values()) references.sort();
  return found;
}

/** Paths as a JSON array of printed paths: one bound value, however many. */
export function printedJson(storeDir: StoreDir, paths: Iterable<StorePath>): string {
  return JSON.stringify(Array.from(paths, (path) => printStorePath(storeDir, path)));
}
