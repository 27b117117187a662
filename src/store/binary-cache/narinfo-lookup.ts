import type { Clock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { Semaphore } from "#base/semaphore.ts";
import { decodeText } from "#base/text.ts";
import { NARINFO_BYTES_MAX, type NarInfo, parseNarInfo } from "#nix/narinfo.ts";
import { hashPartOf, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { CacheFiles } from "./cache-files.ts";

export interface LookupOptions {
  readonly clock: Clock;
  /** How long it is believed that a path is not there, in milliseconds. */
  readonly absentMs: number;
}

/** Looks narinfos up in a cache, many at a time, and remembers both what is there and what is not. */
export class NarInfoLookup {
  readonly #files: CacheFiles;
  readonly #storeDir: StoreDir;
  readonly #options: LookupOptions;
  readonly #known = new Map<StorePath, NarInfo>();
  /** When each was found to be absent. */
  readonly #absent = new Map<StorePath, number>();
  readonly #permits = new Semaphore(LOOKUPS_MAX);

  constructor(files: CacheFiles, storeDir: StoreDir, options: LookupOptions) {
    this.#files = files;
    this.#storeDir = storeDir;
    this.#options = options;
  }

  async find(path: StorePath): Promise<NarInfo | undefined> {
    const known = this.#known.get(path);
    if (known || this.#isAbsent(path)) return known;
    using _ = await this.#permits.acquire();
    const info = await this.#read(path);
    if (info) this.remember(info);
    else this.#absent.set(path, this.#options.clock.now());
    return info;
  }

  async findAll(paths: Iterable<StorePath>): Promise<NarInfo[]> {
    const found = await Promise.all([...new Set(paths)].map((path) => this.find(path)));
    return found.filter((info) => info !== undefined);
  }

  remember(info: NarInfo): void {
    this.#absent.delete(info.path);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(info.path, info);
  }

  #isAbsent(path: StorePath): boolean {
    const since = this.#absent.get(path);
    if (since === undefined) return false;
    if (this.#options.clock.now() - since < this.#options.absentMs) return true;
    this.#absent.delete(path);
    return false;
  }

  async #read(path: StorePath): Promise<NarInfo | undefined> {
    const bytes = await this.#files.read(narInfoName(path), NARINFO_BYTES_MAX);
    if (bytes === undefined) return undefined;
    const info = parseNarInfo(this.#storeDir, decodeText(bytes));
    if (info.path === path) return info;
    // Two paths of one hash part are the work of someone who means ill, or of another name in the same place.
    if (hashPartOf(info.path) === hashPartOf(path)) return undefined;
    throw new ElsewhereError(
      "WRONG_NARINFO",
      `Cannot use '${narInfoName(path)}' of ${this.#files.uri}: it is about '${info.path}'`,
    );
  }
}

/** The name of a path's narinfo in a cache. */
export function narInfoName(path: StorePath): string {
  return `${hashPartOf(path)}.narinfo`;
}

/** Narinfos asked for at a time. */
const LOOKUPS_MAX = 64;
/** Narinfos remembered. */
const KNOWN_MAX = 200_000;
