import { ElsewhereError } from "#base/errors.ts";
import { formatHash, parseHash } from "#nix/hash.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import { parseDrvOutput } from "#nix/realisation-text.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "../../invalid-path.ts";
import { checkRealisationTrust } from "../addition/trust.ts";
import type { StoreContext } from "../context.ts";
import { parseSignatures } from "./path-rows.ts";

/** Which path an output of a content-addressed derivation was realised as here. */
export function queryRealisation({ db, layout }: StoreContext, id: DrvOutput): Realisation | undefined {
  const rows = db.rows(
    `select v.path, r.signatures, r.id from Realisations r join ValidPaths v on v.id = r.outputPath
     where r.drvPath = ? and r.outputName = ?`,
    formatHash(id.drvHash, "base16"),
    id.outputName,
  );
  const row = rows[0];
  if (!row) return undefined;
  return {
    id: { drvHash: parseHash(formatHash(id.drvHash, "base16")), outputName: id.outputName },
    outPath: parseStorePath(layout.storeDir, row[0] as string),
    signatures: parseSignatures(row[1] as string | null),
    dependentRealisations: dependentsOf({ db, layout }, row[2] as number),
  };
}

/** What a realisation was made from, as far as it is known here. */
function dependentsOf(
  { db, layout }: Pick<StoreContext, "db" | "layout">,
  referrer: number,
): Map<string, StorePath> {
  const rows = db.rows(
    `select r.drvPath, r.outputName, v.path from RealisationsRefs f
     join Realisations r on r.id = f.realisationReference join ValidPaths v on v.id = r.outputPath
     where f.referrer = ?`,
    referrer,
  );
  return new Map(
    rows.map(([hash, name, path]) => [`${hash}!${name}`, parseStorePath(layout.storeDir, path as string)]),
  );
}

/** Notes a realisation whose path is valid; one that is known for the same path gains the signatures. */
export function registerRealisation(
  store: StoreContext,
  realisation: Realisation,
  { checkSignatures = false }: { checkSignatures?: boolean } = {},
): void {
  const { db } = store;
  store.checkWritable();
  if (checkSignatures) checkRealisationTrust(store, realisation);
  db.transaction(() => {
    const { id, outPath } = realisation;
    const known = queryRealisation(store, id);
    const drvHash = formatHash(id.drvHash, "base16");
    if (known?.outPath === outPath) {
      const signatures = [...new Set([...known.signatures, ...realisation.signatures])].sort().join(" ");
      db.run(
        "update Realisations set signatures = ? where drvPath = ? and outputName = ?",
        signatures,
        drvHash,
        id.outputName,
      );
      return;
    }
    if (known)
      throw new ElsewhereError(
        "REALISATION_CONFLICT",
        `Cannot register '${outPath}' as the output '${id.outputName}' of ${drvHash}: we already have another one locally, '${known.outPath}'`,
      );
    const row = db.rows("select id from ValidPaths where path = ?", store.print(outPath))[0];
    if (!row) throw new InvalidPathError(store.print(outPath));
    db.run(
      "insert into Realisations (drvPath, outputName, outputPath, signatures) values (?, ?, ?, ?)",
      drvHash,
      id.outputName,
      row[0]!,
      realisation.signatures.join(" "),
    );
    const [[referrer]] = db.rows("select last_insert_rowid()") as [[number]];
    for (const dependency of realisation.dependentRealisations.keys())
      noteDependency(store, referrer, dependency);
  });
}

/** Older releases of Nix copy a realisation with those that it was made from, and find them here. */
function noteDependency({ db }: StoreContext, referrer: number, dependency: string): void {
  const { drvHash, outputName } = parseDrvOutput(dependency);
  db.run(
    `insert into RealisationsRefs (referrer, realisationReference)
     select ?, id from Realisations where drvPath = ? and outputName = ?`,
    referrer,
    formatHash(drvHash, "base16"),
    outputName,
  );
}
