import { existsSync } from "node:fs";
import type { BuildFilter, Ledger } from "#ledger/ledger.ts";
import type { BuildRecord } from "#ledger/record.ts";
import { isDerivationPath, nameOf, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { storePathOf } from "./path-arguments.ts";

/** A build as people name it. */
export type BuildReference =
  | { readonly kind: "number"; readonly number: number }
  /** `hello-2.12`, of a build that ran from here. */
  | { readonly kind: "name"; readonly name: string }
  /** Its derivation, or one of its outputs. */
  | { readonly kind: "path"; readonly path: StorePath };

/** Reads `123`, `#123`, `hello-2.12`, `/nix/store/…`, `./result`. */
export function parseBuildReference(word: string, store: Store): BuildReference {
  const number = /^#?([1-9]\d{0,14})$/.exec(word)?.[1];
  if (number !== undefined && !existsSync(word)) return { kind: "number", number: Number(number) };
  if (!word.includes("/") && !/^[0-9a-df-np-sv-z]{32}-/.test(word) && !existsSync(word))
    return { kind: "name", name: word.replace(/\.drv$/, "") };
  return { kind: "path", path: storePathOf(word, store) };
}

/** The recorded builds that a reference means, the newest first. */
export async function findBuilds(
  ledger: Ledger,
  reference: BuildReference,
  filter: Omit<BuildFilter, "limit"> = {},
): Promise<BuildRecord[]> {
  const limit = FOUND_MAX;
  switch (reference.kind) {
    case "number":
      return await ledger.builds({ ...filter, number: reference.number, limit });
    case "name": {
      const builds = await ledger.builds({ ...filter, pattern: reference.name, limit });
      return builds.filter(({ drvPath }) => nameOf(drvPath) === `${reference.name}.drv`);
    }
    case "path": {
      const { path } = reference;
      return await ledger.builds({
        ...filter,
        ...(isDerivationPath(path) ? { drvPath: path } : { output: path }),
        limit,
      });
    }
  }
}

/** The derivation that a reference means, as far as the ledger or the store knows. */
export async function derivationOf(
  reference: BuildReference,
  { store, builds }: { store: Store; builds: readonly BuildRecord[] },
): Promise<StorePath | undefined> {
  if (reference.kind !== "path" || isDerivationPath(reference.path)) {
    return reference.kind === "path" ? reference.path : builds[0]?.drvPath;
  }
  const [info] = (await store.queryPathInfos([reference.path])).values();
  return info?.deriver ?? builds[0]?.drvPath;
}

const FOUND_MAX = 200;
