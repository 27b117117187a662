import { existsSync, lstatSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { isDerivationPath } from "#nix/store-path.ts";
import { renameCanonical } from "../canonicalise.ts";
import type { StoreContext } from "../context.ts";
import { type Registration, register } from "../database/registration.ts";
import { lockRealPaths, type PathLocks } from "../lock/path-lock.ts";
import { optimiseTree } from "../optimise.ts";
import { removeTree } from "../scratch.ts";
import { verifiedOutputs } from "./verified-outputs.ts";

/** A complete, verified, canonical path in the scratch area, ready to be moved into place. */
export interface Staged {
  readonly info: PathInfo;
  /** Where it lies now. */
  readonly place: string;
  /** Put it in the place of a valid path. */
  readonly repair: boolean;
}

/**
 * Moves staged paths into place and registers them, all in one transaction: whoever else adds one of them,
 * in whatever process, comes before and then ours is dropped, or comes after and drops his. Temporary roots
 * of the paths must be held.
 */
export async function install(store: StoreContext, staged: readonly Staged[]): Promise<void> {
  if (staged.length === 0) return;
  if (store.settings.autoOptimise) for (const { place } of staged) await optimiseTree(store, place);
  const trash: string[] = [];
  let wanted: Staged[] = [];
  const scratch = await store.scratch();
  const locks = await lockContested(store, staged);
  try {
    store.db.transaction(() => {
      const valid = store.paths.validAmong(staged.map(({ info }) => info.path));
      wanted = uniqueByPath(staged).filter(({ info, repair }) => repair || !valid.has(info.path));
      const moved = wanted.map((item) => registrationOf(store, item));
      // Rows first: when one is refused nothing has been moved.
      register(store.db, store.layout.storeDir, { entries: moved, nowS: store.nowS() });
      for (const { info, place } of wanted) {
        const old = scratch.place();
        if (moveInto(store.realPathOf(info.path), place, old)) trash.push(old);
      }
    });
  } finally {
    locks?.release();
  }
  for (const place of trash) removeTree(place);
  const moved = new Set(wanted);
  for (const item of staged) if (!moved.has(item)) removeTree(item.place);
}

/** Renames `place` to `target`; where a rename cannot replace what lies there, that goes to `old`: then true. */
function moveInto(target: string, place: string, old: string): boolean {
  try {
    renameCanonical(place, target);
    return false;
  } catch (error) {
    if (!IN_THE_WAY.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
  renameCanonical(target, old);
  renameCanonical(place, target);
  return true;
}

/** Registers canonical paths that are in place already, such as the outputs of a build. */
export function registerInPlace(store: StoreContext, infos: readonly PathInfo[]): void {
  for (const { path } of infos)
    if (!exists(store.realPathOf(path)))
      throw new ElsewhereError(
        "MISSING_PATH",
        `Cannot register '${store.print(path)}': nothing lies at '${store.realPathOf(path)}'`,
      );
  const entries = infos.map((info) => registrationOf(store, { info, place: store.realPathOf(info.path) }));
  store.db.transaction(() => register(store.db, store.layout.storeDir, { entries, nowS: store.nowS() }));
}

function registrationOf(
  store: StoreContext,
  { info, place }: { info: PathInfo; place: string },
): Registration {
  return isDerivationPath(info.path) ? { info, outputs: verifiedOutputs(store, info.path, place) } : { info };
}

/**
 * Something may lie at the place of a path that is not valid: left by a crash, or being written by a Nix that
 * holds its lock. Only then the lock is worth its process.
 */
async function lockContested(store: StoreContext, staged: readonly Staged[]): Promise<PathLocks | undefined> {
  const valid = store.paths.validAmong(staged.map(({ info }) => info.path));
  const contested = staged
    .filter(({ info, repair }) => repair || !valid.has(info.path))
    .filter(({ info }) => !store.heldLocks.has(info.path))
    .map(({ info }) => store.realPathOf(info.path))
    .filter((target) => exists(target) || existsSync(`${target}.lock`));
  return contested.length > 0 ? await lockRealPaths(contested) : undefined;
}

function uniqueByPath(staged: readonly Staged[]): Staged[] {
  return [...new Map(staged.map((item) => [item.info.path, item])).values()];
}

function exists(place: string): boolean {
  return lstatSync(place, { throwIfNoEntry: false }) !== undefined;
}

/** What a rename says when a folder would replace a file, a file a folder, or a folder one that is not empty. */
const IN_THE_WAY = new Set(["EISDIR", "ENOTDIR", "ENOTEMPTY", "EEXIST"]);
