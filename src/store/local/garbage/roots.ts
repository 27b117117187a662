import { lstatSync, readdirSync, readlinkSync, type Stats, unlinkSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { nameRoots, type Roots } from "../../root-names.ts";
import type { StoreContext } from "../context.ts";
import { runtimeRoots } from "./runtime-roots.ts";
import { readTempRoots } from "./temp-roots.ts";
import { validPathAt } from "./valid-path-at.ts";

/**
 * Everything that keeps a valid path: links below `gcroots` and `profiles`, temporary roots, and what running
 * processes use. The last two have names in braces, which with `censor` tell nothing of the processes.
 */
export function findRoots(store: StoreContext, { censor = false }: { censor?: boolean } = {}): Roots {
  return nameRoots(rootsOf(store), { censor });
}

/** Roots that are links on disk. Stale ones in `gcroots/auto` are deleted on the way. */
export function permanentRoots(store: StoreContext): Roots {
  const roots: Roots = new Map();
  const finder = new LinkFinder(store, roots);
  for (const folder of ["gcroots", "profiles"]) finder.visit(`${store.layout.stateDir}/${folder}`);
  return roots;
}

function* rootsOf(store: StoreContext): Generator<readonly [keeper: string, path: StorePath]> {
  yield* permanentRoots(store);
  for (const [pid, printed] of readTempRoots(store.layout.stateDir))
    for (const place of printed) {
      const path = validPathAt(store, place);
      if (path) yield [`{temp:${pid}}`, path];
    }
  yield* runtimeRoots(store);
}

class LinkFinder {
  readonly #store: StoreContext;
  readonly #roots: Roots;

  constructor(store: StoreContext, roots: Roots) {
    this.#store = store;
    this.#roots = roots;
  }

  visit(start: string): void {
    const waiting = [start];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      const stats = lstatOrNone(place);
      if (stats?.isDirectory()) waiting.push(...childrenOf(place));
      else if (stats?.isSymbolicLink()) this.#visitLink(place);
      else if (stats?.isFile()) this.#visitFile(place);
    }
  }

  #visitLink(link: string): void {
    const target = targetOf(link);
    if (target === undefined) return;
    const path = validPathAt(this.#store, target);
    if (path) this.#roots.set(link, path);
    else this.#visitIndirect(link, target);
  }

  /** A link to a link, such as `gcroots/auto/…` to a `result` in someone's folder. */
  #visitIndirect(link: string, target: string): void {
    const stats = lstatOrNone(target);
    if (!stats) {
      const isAuto = dirname(link) === `${this.#store.layout.stateDir}/gcroots/auto`;
      if (isAuto && isGone(target) && !this.#store.db.isReadOnly) unlinkQuietly(link);
      return;
    }
    const final = stats.isSymbolicLink() ? targetOf(target) : undefined;
    const path = final === undefined ? undefined : validPathAt(this.#store, final);
    if (path) this.#roots.set(target, path);
  }

  /** A file with a store path's name keeps that path. */
  #visitFile(file: string): void {
    try {
      const path = parseStorePathBaseName(basename(file));
      if (this.#store.paths.isValid(path)) this.#roots.set(file, path);
    } catch {
      // Any other file is no root.
    }
  }
}

function childrenOf(folder: string): string[] {
  return readOrNone(() => readdirSync(folder))?.map((name) => `${folder}/${name}`) ?? [];
}

function targetOf(link: string): string | undefined {
  const target = readOrNone(() => readlinkSync(link));
  return target === undefined ? undefined : resolve(dirname(link), target);
}

function lstatOrNone(place: string): Stats | undefined {
  return readOrNone(() => lstatSync(place));
}

/** Nothing there, and not only nothing that we may see. */
function isGone(place: string): boolean {
  try {
    return lstatSync(place, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

function unlinkQuietly(link: string): void {
  readOrNone(() => unlinkSync(link));
}

/** Links come and go, and some are not ours to read: those keep nothing. */
function readOrNone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (UNREADABLE.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

const UNREADABLE = new Set(["EACCES", "EPERM", "ENOENT", "ENOTDIR", "EINVAL"]);
