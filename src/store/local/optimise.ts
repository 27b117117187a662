import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import { decodeText } from "#base/text.ts";
import { formatDigest } from "#nix/hash.ts";
import { hashPath } from "../nar/hash-path.ts";
import { STORE_MTIME } from "./canonicalise.ts";
import type { StoreContext } from "./context.ts";

/** What replacing equal files by hard links saved. */
export interface OptimiseResult {
  filesLinked: number;
  bytesFreed: number;
}

/** Links equal files of all valid paths. */
export async function optimiseStore(store: StoreContext): Promise<OptimiseResult> {
  store.checkWritable();
  const linker = new Linker(store);
  for (const path of store.paths.all()) {
    await store.addTempRoots([path]);
    // It may have been collected before the root was there.
    if (store.paths.isValid(path)) await linker.linkTree(store.realPathOf(path));
    await setImmediate();
  }
  return linker.result;
}

/** Links the files of one canonical tree, which no one else sees yet. */
export async function optimiseTree(store: StoreContext, place: string): Promise<OptimiseResult> {
  const linker = new Linker(store);
  await linker.linkTree(place);
  return linker.result;
}

/**
 * Keeps one copy of each file in `.links`, named by the SHA-256 of its NAR in nix32, and makes every equal
 * file a hard link to it. Whoever deletes the last other link leaves a file with one link, which a collector
 * removes. Source: Nix, `optimise-store.cc`.
 */
class Linker {
  readonly result: OptimiseResult = { filesLinked: 0, bytesFreed: 0 };
  readonly #store: StoreContext;
  /** Inodes known to be in `.links`: their files need no second reading. */
  readonly #linked = new Set<number>();

  constructor(store: StoreContext) {
    this.#store = store;
    mkdirSync(store.linksDir, { recursive: true });
  }

  async linkTree(root: string): Promise<void> {
    const waiting: Buffer[] = [Buffer.from(root)];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const stats = lstatSync(path);
      if (stats.isDirectory())
        for (const name of readdirSync(path, { encoding: "buffer" })) waiting.push(join(path, name));
      else if (stats.isFile() && (stats.mode & 0o222) === 0) await this.#linkFile(path, stats);
    }
  }

  async #linkFile(path: Buffer, stats: Stats): Promise<void> {
    if (stats.nlink > 1 && this.#linked.has(stats.ino)) return;
    const { hash } = await hashPath(decodeText(path));
    const link = `${this.#store.linksDir}/${formatDigest(hash, "nix32")}`;
    let shared = lstatSync(link, { throwIfNoEntry: false });
    if (shared && shared.size !== stats.size) {
      // Damaged by whoever wrote to a file of the store.
      unlinkSync(link);
      shared = undefined;
    }
    this.#linked.add(shared?.ino ?? stats.ino);
    if (!shared) return addLink(path, link);
    if (shared.ino === stats.ino) return;
    if (await this.#replace(path, link)) {
      this.result.filesLinked++;
      if (stats.nlink === 1) this.result.bytesFreed += stats.blocks * BLOCK_BYTES;
    }
  }

  /** Puts a link in the place of a file in one step, so that there is a file at any time. */
  async #replace(path: Buffer, link: string): Promise<boolean> {
    const temporary = (await this.#store.scratch()).place();
    const folder = path.subarray(0, path.lastIndexOf(SLASH));
    try {
      linkSync(link, temporary);
    } catch (error) {
      if (CANNOT_LINK.has((error as NodeJS.ErrnoException).code ?? "")) return false;
      throw error;
    }
    withWritable(folder, () => renameSync(temporary, path));
    return true;
  }
}

function addLink(path: Buffer, link: string): void {
  try {
    linkSync(path, link);
  } catch (error) {
    if (!CANNOT_LINK.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Folders of a store are read-only and keep their times. */
function withWritable(folder: Buffer, work: () => void): void {
  const { mode } = lstatSync(folder);
  const isStorePath = (mode & 0o222) === 0;
  if (isStorePath) chmodSync(folder, 0o755);
  try {
    work();
  } finally {
    if (isStorePath) {
      chmodSync(folder, 0o555);
      lutimesSync(folder, STORE_MTIME, STORE_MTIME);
    }
  }
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.of(SLASH), name]);
}

const SLASH = "/".charCodeAt(0);
/** Unit of `st_blocks`, in bytes. */
const BLOCK_BYTES = 512;
/** Another process was faster, the file has all the links it can have, the disk is full. */
const CANNOT_LINK = new Set(["EEXIST", "EMLINK", "ENOSPC", "EPERM", "ENOENT"]);
