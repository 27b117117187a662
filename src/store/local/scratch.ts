import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { encodeNix32 } from "#nix/nix32.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";

/**
 * A folder on the store's file system for what is not a store path yet or no more. It lies in the store
 * under the name of a store path that a temporary root keeps: no collector, Nix's too, takes it
 * from us while we live, and every one deletes it when we were killed.
 */
export class Scratch implements Disposable {
  readonly directory: string;
  #count = 0;
  #isThere = true;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(realStoreDir: string, keep: (path: StorePath) => Promise<void>): Promise<Scratch> {
    const name = parseStorePathBaseName(`${encodeNix32(randomBytes(20))}-elsewhere-scratch`);
    await keep(name);
    mkdirSync(realStoreDir, { recursive: true });
    mkdirSync(`${realStoreDir}/${name}`, 0o700);
    return new Scratch(`${realStoreDir}/${name}`);
  }

  /** A place in it that nothing lies at. */
  place(): string {
    if (!this.#isThere) mkdirSync(this.directory, 0o700);
    this.#isThere = true;
    return `${this.directory}/${this.#count++}`;
  }

  /** Leaves no trace in the store until it is needed again. Not while others mean to use places in it. */
  fold(): void {
    if (!this.#isThere || readdirSync(this.directory).length > 0) return;
    rmdirSync(this.directory);
    this.#isThere = false;
  }

  [Symbol.dispose](): void {
    removeTree(this.directory);
  }
}

/** Deletes a file or a tree, whatever its modes; it may be gone already. Symbolic links are not followed. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if (!REFUSED.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    makeWritable(path);
    rmSync(path, { recursive: true, force: true });
  }
}

/** Folders of a store are read-only, and whoever is not root cannot delete what is in such a folder. */
function makeWritable(root: string): void {
  const waiting = [Buffer.from(root)];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (!lstatSync(path).isDirectory()) continue;
    chmodSync(path, 0o700);
    for (const name of readdirSync(path, { encoding: "buffer" }))
      waiting.push(Buffer.concat([path, Buffer.from("/"), name]));
  }
}

const REFUSED = new Set(["EACCES", "EPERM", "ENOTEMPTY"]);
