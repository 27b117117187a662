import { lstatSync } from "node:fs";
import { auditClosure } from "#audit/content/closure-report.ts";
import { lookInto } from "#audit/content/look.ts";
import type { AuditReport } from "#audit/report/report.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import { isDerivationPath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { UsageError } from "../error-report.ts";
import { storePathOf } from "../path-arguments.ts";

/** The store paths that words of the command line name, by themselves or by links; undefined where they name what is to be built. */
export function pathsAmong(words: readonly string[], store: Store): StorePath[] | undefined {
  const paths = words.flatMap((word) => pathOf(word, store) ?? []);
  if (paths.length === 0) return undefined;
  if (paths.length < words.length)
    throw new UsageError(
      "Cannot audit built store paths together with what is to be built",
      "run 'elsewhere audit' for each",
    );
  return paths;
}

/** Audits paths of a store with all that they refer to. */
export async function auditPaths(store: Store, paths: readonly StorePath[]): Promise<AuditReport> {
  const infos = await store.queryClosure(paths);
  return await auditClosure(store.storeDir, paths, await lookInto(store, infos, drvReader(store)));
}

function pathOf(word: string, store: Store): StorePath | undefined {
  if (word.includes("^") || word.includes("#")) return undefined;
  const isNamed = word.startsWith(`${store.storeDir}/`) || isLink(word);
  if (!isNamed) return undefined;
  const path = storePathOf(word, store);
  return isDerivationPath(path) ? undefined : path;
}

function isLink(word: string): boolean {
  return lstatSync(word, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
