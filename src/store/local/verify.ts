import { lstatSync, readdirSync, unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { messageOf } from "#base/errors.ts";
import { single } from "#base/single.ts";
import { formatDigest, formatHash, hashEquals } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { hashPath } from "../nar/hash-path.ts";
import { addPaths } from "./addition/add-paths.ts";
import type { StoreContext } from "./context.ts";
import { lock } from "./lock/flock.ts";

/** Checks that what the database says is on disk, and with `checkContents` that it is unchanged. True when errors remain. */
export async function verifyStore(
  store: StoreContext,
  options: { checkContents: boolean; repair: boolean },
): Promise<boolean> {
  // What is being collected would look lost.
  const gcLock = await lock(`${store.layout.stateDir}/gc.lock`, "shared");
  try {
    const verification = new Verification(store, options.repair);
    await verification.checkExistence();
    if (options.checkContents) {
      await verification.checkLinks();
      await verification.checkContents();
    }
    return verification.hasErrors;
  } finally {
    gcLock.release();
  }
}

class Verification {
  hasErrors = false;
  readonly #store: StoreContext;
  readonly #repair: boolean;

  constructor(store: StoreContext, repair: boolean) {
    this.#store = store;
    this.#repair = repair;
  }

  /** A lost path that nothing needs is forgotten; any other is an error, or brought back. */
  async checkExistence(): Promise<void> {
    const lost = new Set([...this.#store.paths.all()].filter((path) => !this.#isThere(path)));
    for (let hasChanged = lost.size > 0; hasChanged; ) {
      hasChanged = false;
      for (const path of lost)
        if (!this.#repair && this.#forget(path)) {
          lost.delete(path);
          hasChanged = true;
        }
    }
    for (const path of lost)
      if (!(await this.#bringBack(path)))
        this.#error(`path '${this.#store.print(path)}' disappeared, but it still has valid referrers!`);
  }

  /** Every shared file must still have the contents that its name says. */
  async checkLinks(): Promise<void> {
    for (const name of existing(this.#store.linksDir)) {
      const link = `${this.#store.linksDir}/${name}`;
      if (!lstatSync(link, { throwIfNoEntry: false })) continue;
      const { hash } = await hashPath(link);
      const found = formatDigest(hash, "nix32");
      if (found === name) continue;
      if (this.#repair) unlinkSync(link);
      else this.#error(`link '${link}' was modified! expected hash '${name}', got '${found}'`);
    }
  }

  async checkContents(): Promise<void> {
    for (const path of this.#store.paths.all()) {
      const info = this.#store.paths.infoOf(path);
      if (info && this.#isThere(path)) await this.#checkPath(info);
      await setImmediate();
    }
  }

  async #checkPath(info: PathInfo): Promise<void> {
    const { path, narHash, narSize } = info;
    try {
      const { hash, size } = await hashPath(this.#store.realPathOf(path));
      if (!hashEquals(hash, narHash)) {
        if (await this.#bringBack(path)) return;
        const want = formatHash(narHash, "nix32");
        const got = formatHash(hash, "nix32");
        this.#error(`path '${this.#store.print(path)}' was modified! expected hash '${want}', got '${got}'`);
      } else if (narSize === 0) {
        this.#store.db.run("update ValidPaths set narSize = ? where path = ?", size, this.#store.print(path));
      }
    } catch (error) {
      if (this.#store.paths.isValid(path))
        this.#error(`path '${this.#store.print(path)}' cannot be read: ${messageOf(error)}`);
    }
  }

  /** Deletes the row of a lost path unless another path refers to it. */
  #forget(path: StorePath): boolean {
    const { db, paths } = this.#store;
    return db.transaction(() => {
      const others = [...paths.referrersOf(path)].filter((referrer) => referrer !== path);
      if (others.length > 0 || this.#isThere(path)) return false;
      db.run("delete from ValidPaths where path = ?", this.#store.print(path));
      this.#store.settings.report(`path '${this.#store.print(path)}' disappeared, removing from database...`);
      return true;
    });
  }

  /** Writes a path again from a substituter that has the very same contents. */
  async #bringBack(path: StorePath): Promise<boolean> {
    const info = this.#repair ? this.#store.paths.infoOf(path) : undefined;
    if (!info) return false;
    for (const substituter of this.#store.settings.substituters) {
      try {
        const offered = (await substituter.queryPathInfos([path])).get(path);
        if (!offered || !hashEquals(offered.narHash, info.narHash)) continue;
        // The contents are those that this store trusted before.
        await addPaths(this.#store, single({ info, nar: substituter.narFromPath(path) }), {
          repair: true,
          checkSignatures: false,
        });
        return true;
      } catch (error) {
        this.#store.settings.report(
          `cannot repair '${this.#store.print(path)}' from ${substituter.uri}: ${messageOf(error)}`,
        );
      }
    }
    return false;
  }

  #isThere(path: StorePath): boolean {
    return lstatSync(this.#store.realPathOf(path), { throwIfNoEntry: false }) !== undefined;
  }

  #error(text: string): void {
    this.hasErrors = true;
    this.#store.settings.report(text);
  }
}

function existing(folder: string): string[] {
  return lstatSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder) : [];
}
