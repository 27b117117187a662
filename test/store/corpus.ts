import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharedDir } from "#rig/shared.ts";

/** Names of the real derivation graphs beside this checkout. */
export function corpusNames(): string[] {
  if (!sharedDir) return [];
  const files = readdirSync(`${sharedDir}/corpus`).filter((file) => file.endsWith(".tar.zst"));
  return files.map((file) => file.slice(0, -".tar.zst".length)).sort();
}

/** A real graph, unpacked; dispose it to remove it. `drvs` is the folder with its derivations. */
export function unpackCorpus(name: string): Disposable & { folder: string; drvs: string } {
  const parent = mkdtempSync(join(tmpdir(), "elsewhere-corpus-"));
  const decompress = "--use-compress-program=zstd -d --long=27";
  execFileSync("tar", [decompress, "-xf", `${sharedDir}/corpus/${name}.tar.zst`, "-C", parent]);
  const folder = join(parent, name);
  return {
    folder,
    drvs: join(folder, "drvs"),
    [Symbol.dispose]: () => rmSync(parent, { recursive: true, force: true }),
  };
}
