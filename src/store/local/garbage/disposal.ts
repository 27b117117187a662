import { lstatSync, readdirSync } from "node:fs";
import { hashPartOf, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { renameCanonical } from "../canonicalise.ts";
import type { StoreContext } from "../context.ts";
import { lockFolder } from "../lock/flock.ts";
import { removeTree } from "../scratch.ts";

/** Deletes paths so that at any moment each is either valid and whole, or not valid. */
export class Disposal {
  readonly deleted = new Set<string>();
  bytesFreed = 0;
  readonly #store: StoreContext;
  readonly #isKept: (path: StorePath) => boolean;

  constructor(store: StoreContext, isKept: (path: StorePath) => boolean) {
    this.#store = store;
    this.#isKept = isKept;
  }

  /** Deletes paths, referrers first. One that is kept by now, or has a new referrer, stays. */
  deletePaths(paths: readonly StorePath[]): void {
    const gone = this.#store.db.transaction(() => paths.filter((path) => this.#invalidate(path)));
    // A second transaction, for a path must not lose its files before its row is gone from the disk; and
    // in a transaction, for nobody can make it valid again while it is moved away.
    this.#takeAway(gone);
  }

  /** Deletes something in the store directory that has no row. */
  async deleteLeftover(name: string, tempHashParts: ReadonlySet<string>): Promise<void> {
    const path = storePathOrNone(name);
    if (path && tempHashParts.has(hashPartOf(path))) return;
    // Nix holds a lock on its temporary folders while it uses them.
    if (!path && isLockedFolder(this.#store.realPathOf(name as StorePath))) return;
    this.#takeAway([name]);
  }

  #invalidate(path: StorePath): boolean {
    if (this.#isKept(path)) return false;
    const { db } = this.#store;
    const printed = this.#store.print(path);
    const referrers = db.rows(
      `select 1 from Refs where reference = (select id from ValidPaths where path = ?) and referrer <> reference limit 1`,
      printed,
    );
    if (referrers.length > 0) return false;
    db.run("delete from ValidPaths where path = ?", printed);
    return true;
  }

  #takeAway(names: readonly string[]): void {
    const trash: string[] = [];
    this.#store.db.transaction(() => {
      for (const name of names) {
        const place = this.#store.realPathOf(name as StorePath);
        if (this.#store.paths.isValid(name as StorePath)) continue;
        this.deleted.add(name);
        if (!lstatSync(place, { throwIfNoEntry: false })) continue;
        const old = this.#store.openScratch.place();
        renameCanonical(place, old);
        trash.push(old);
      }
    });
    for (const place of trash) {
      this.bytesFreed += bytesOf(place);
      removeTree(place);
    }
  }
}

/**
 * Bytes of files that deleting a tree frees. Of two links the other is taken for the one in `.links`, which
 * goes too. Source: Nix, `deletePath`.
 */
function bytesOf(root: string): number {
  let bytes = 0;
  const waiting: Buffer[] = [Buffer.from(root)];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const stats = lstatSync(place);
    if (!stats.isDirectory()) bytes += stats.nlink <= 2 ? stats.size : 0;
    else
      for (const name of readdirSync(place, { encoding: "buffer" }))
        waiting.push(Buffer.concat([place, Buffer.from("/"), name]));
  }
  return bytes;
}

function isLockedFolder(place: string): boolean {
  if (!lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) return false;
  const lock = lockFolder(place);
  lock?.release();
  return lock === undefined;
}

function storePathOrNone(name: string): StorePath | undefined {
  try {
    return parseStorePathBaseName(name);
  } catch {
    return undefined;
  }
}
