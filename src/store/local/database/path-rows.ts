import { parseContentAddress } from "#nix/content-address.ts";
import { parseHash } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { parseStorePath, printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { SqlRow } from "./store-database.ts";

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

/** Paths as a JSON array of printed paths: one bound value, however many. */
export function printedJson(storeDir: StoreDir, paths: Iterable<StorePath>): string {
  return JSON.stringify(Array.from(paths, (path) => printStorePath(storeDir, path)));
}
