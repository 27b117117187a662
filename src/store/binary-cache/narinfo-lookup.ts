import { Buffer } from "node:buffer";
import type { Clock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { Semaphore } from "#base/semaphore.ts";
import { decodeText } from "#base/text.ts";
import { formatNarInfo, NARINFO_BYTES_MAX, type NarInfo, parseNarInfo } from "#nix/narinfo.ts";
import { hashPartOf, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { CacheFiles } from "./cache-files.ts";
import type { NarInfoMemory } from "./narinfo-memory.ts";

export interface LookupOptions {
  readonly clock: Clock;
  /** How long it is believed that a path is not there, in milliseconds. */
  readonly absentMs: number;
  /** What was answered in other runs; only this one's answers are known where absent. */
  readonly memory?: NarInfoMemory | undefined;
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
    const recalled = this.#recall(path);
    if (recalled) return this.#take(path, recalled.info);
    using _ = await this.#permits.acquire();
    return this.#take(path, await this.#read(path));
  }

  async findAll(paths: Iterable<StorePath>): Promise<NarInfo[]> {
    const found = await Promise.all([...new Set(paths)].map((path) => this.find(path)));
    return found.filter((info) => info !== undefined);
  }

  /** Of a path that was added. */
  remember(info: NarInfo): void {
    this.#keep(info);
    this.#note(info.path, Buffer.from(formatNarInfo(this.#storeDir, info)));
  }

  /** What was said of a path turned out not to be so. */
  forget(path: StorePath): void {
    this.#known.delete(path);
    this.#options.memory?.forget(this.#files.uri, path);
  }

  #take(path: StorePath, info: NarInfo | undefined): NarInfo | undefined {
    if (info) this.#keep(info);
    else this.#absent.set(path, this.#options.clock.now());
    return info;
  }

  #keep(info: NarInfo): void {
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

  /** As another run was told. What cannot be read is asked for again. */
  #recall(path: StorePath): { readonly info: NarInfo | undefined } | undefined {
    const { memory, clock } = this.#options;
    const recalled = memory?.recall(this.#files.uri, path, clock.now());
    if (!recalled) return undefined;
    try {
      return { info: recalled.contents && this.#parse(path, recalled.contents) };
    } catch {
      return undefined;
    }
  }

  #note(path: StorePath, contents: Uint8Array | undefined): void {
    const { memory, clock } = this.#options;
    memory?.note(this.#files.uri, path, { contents, atMs: clock.now() });
  }

  async #read(path: StorePath): Promise<NarInfo | undefined> {
    const bytes = await this.#files.read(narInfoName(path), NARINFO_BYTES_MAX);
    const info = bytes && this.#parse(path, bytes);
    this.#note(path, bytes);
    return info;
  }

  #parse(path: StorePath, contents: Uint8Array): NarInfo | undefined {
    const info = parseNarInfo(this.#storeDir, decodeText(contents));
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
