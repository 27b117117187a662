import { readFileSync } from "node:fs";
import { constants, zstdDecompressSync } from "node:zlib";
import {
  DEFAULT_STORE_DIR,
  parseStorePath,
  parseStorePathBaseName,
  type StorePath,
} from "#nix/store-path.ts";
import { sharedDir } from "#rig/shared.ts";

/** A real graph, in memory: its derivations by path, and its roots. */
export interface CorpusArchive {
  readonly roots: readonly StorePath[];
  readonly contentsOf: (path: StorePath) => Uint8Array | undefined;
}

/** Reads a graph of the corpus out of its archive. */
export function readCorpus(name: string): CorpusArchive {
  const files = untar(
    zstdDecompressSync(readFileSync(`${sharedDir}/corpus/${name}.tar.zst`), {
      params: { [constants.ZSTD_d_windowLogMax]: 27 },
    }),
  );
  const text = files.get(`${name}/root.txt`) ?? files.get(`${name}/roots.txt`)!;
  const roots = Buffer.from(text).toString("utf8").trim().split("\n");
  return { roots: roots.map(rootOf), contentsOf: (path) => files.get(`${name}/drvs/${path}`) };
}

/** A line is a path, or a name and a path. */
function rootOf(line: string): StorePath {
  const path = line.split(" ").at(-1)!;
  return path.startsWith("/") ? parseStorePath(DEFAULT_STORE_DIR, path) : parseStorePathBaseName(path);
}

/** Files of a tar archive by name, with the long names of GNU. */
function untar(tar: Buffer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const field = (from: number, length: number) =>
      tar.toString("latin1", at + from, at + from + length).replace(/\0.*$/s, "");
    const size = Number.parseInt(field(124, 12), 8) || 0;
    const contents = tar.subarray(at + BLOCK, at + BLOCK + size);
    const prefix = field(345, 155);
    const name: string =
      longName ?? (prefix === "" || field(257, 6) !== "ustar" ? field(0, 100) : `${prefix}/${field(0, 100)}`);
    const type = field(156, 1);
    longName = type === "L" ? contents.toString("latin1").replace(/\0.*$/s, "") : undefined;
    if (type === "0" || type === "") files.set(name.replace(/^\.\//, ""), contents);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

const BLOCK = 512;
