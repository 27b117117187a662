import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteSource } from "#base/byte-reader.ts";
import { type Clock, systemClock } from "#base/clock.ts";
import { ElsewhereError, LimitError } from "#base/errors.ts";
import { formatNarInfo, type NarInfo } from "#nix/narinfo.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import { formatDrvOutput, parseRealisation } from "#nix/realisation-text.ts";
import type { SecretKey } from "#nix/signature.ts";
import { signPathInfo } from "#nix/signature-fingerprint.ts";
import { DEFAULT_STORE_DIR, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { Download } from "../fetch-event.ts";
import { sortByReferences } from "../reference-order.ts";
import type { AddOptions, IncomingContent, IncomingPath, NarOptions, Store } from "../store.ts";
import type { CacheFiles, CacheWriter } from "./cache-files.ts";
import {
  CACHE_INFO_BYTES_MAX,
  CACHE_INFO_NAME,
  type CacheInfo,
  formatCacheInfo,
  parseCacheInfo,
} from "./cache-info.ts";
import { decompress } from "./compression.ts";
import { placeContent } from "./incoming-content.ts";
import { NarInfoLookup, narInfoName } from "./narinfo-lookup.ts";
import type { NarInfoMemory } from "./narinfo-memory.ts";
import { packNar } from "./pack-nar.ts";

export interface BinaryCacheOptions {
  /** Store that its paths belong to; it must be the one that the cache says. */
  readonly storeDir?: StoreDir;
  /** How NARs are packed that are added. */
  readonly compression?: string;
  /** Signs what is added. */
  readonly secretKey?: SecretKey | undefined;
  readonly clock?: Clock;
  /** How long it is believed that a path is not there, in milliseconds. */
  readonly absentMs?: number;
  /** What the cache said in other runs. It goes with the store. */
  readonly memory?: NarInfoMemory | undefined;
}

/** A binary cache as a store. Signatures are the business of who takes from it. NARs may be read several at a time. */
export class BinaryCacheStore implements Store {
  readonly storeDir: StoreDir;
  readonly uri: string;
  readonly #files: CacheFiles;
  readonly #compression: string;
  readonly #secretKey: SecretKey | undefined;
  readonly #lookup: NarInfoLookup;
  readonly #memory: NarInfoMemory | undefined;
  #opened: Promise<CacheInfo> | undefined;

  constructor(files: CacheFiles, options: BinaryCacheOptions = {}) {
    this.storeDir = options.storeDir ?? DEFAULT_STORE_DIR;
    this.uri = files.uri;
    this.#files = files;
    this.#compression = options.compression ?? "zstd";
    this.#secretKey = options.secretKey;
    this.#lookup = new NarInfoLookup(files, this.storeDir, {
      clock: options.clock ?? systemClock,
      absentMs: options.absentMs ?? ABSENT_MS,
      memory: options.memory,
    });
    this.#memory = options.memory;
  }

  /** What the cache says of itself; throws when it is of another store directory. */
  async info(): Promise<CacheInfo> {
    this.#opened ??= this.#open();
    try {
      return await this.#opened;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  async queryPathInfos(paths: Iterable<StorePath>): Promise<Map<StorePath, PathInfo>> {
    await this.info();
    return new Map((await this.#lookup.findAll(paths)).map((info) => [info.path, info]));
  }

  async queryValidPaths(paths: Iterable<StorePath>): Promise<Set<StorePath>> {
    return new Set((await this.queryPathInfos(paths)).keys());
  }

  async queryClosure(paths: Iterable<StorePath>): Promise<PathInfo[]> {
    await this.info();
    const found = new Map<StorePath, NarInfo>();
    for (let wave = [...new Set(paths)]; wave.length > 0; ) {
      const infos = await this.#lookup.findAll(wave);
      for (const info of infos) found.set(info.path, info);
      const absent = wave.find((path) => !found.has(path));
      if (absent !== undefined) throw this.#notThere(absent);
      const next = new Set(infos.flatMap(({ references }) => references));
      wave = [...next].filter((path) => !found.has(path));
    }
    return sortByReferences([...found.values()]);
  }

  async *narFromPath(path: StorePath, options?: NarOptions): ByteSource {
    await this.info();
    const info = await this.#lookup.find(path);
    if (!info) throw this.#notThere(path);
    try {
      yield* this.#narOf(info, options);
    } catch (error) {
      // It may have been there once: the cache is asked again before that is said anew.
      this.#lookup.forget(path);
      throw error;
    }
  }

  async *#narOf(info: NarInfo, { onDownload }: NarOptions = {}): ByteSource {
    const { path } = info;
    const isFar = onDownload !== undefined && /^https?:/.test(this.uri);
    const file = this.#files.open(info.url);
    const packed = isFar ? counted(file, (done) => onDownload(path, this.#downloadOf(info, done))) : file;
    let left = info.narSize;
    for await (const chunk of decompress(info.compression, packed)) {
      left -= chunk.length;
      // A small file may unpack to more than any disk holds.
      if (left < 0)
        throw new LimitError(
          `the NAR of '${path}' from ${this.uri}, in bytes`,
          info.narSize - left,
          info.narSize,
        );
      yield chunk;
    }
    if (left > 0)
      throw new ElsewhereError(
        "END_OF_INPUT",
        `Cannot read the NAR of '${path}' from ${this.uri}: ${left} bytes are missing`,
      );
  }

  async *narsFromPaths(infos: readonly PathInfo[], options?: NarOptions): AsyncIterable<IncomingPath> {
    for (const info of infos) yield { info, nar: this.narFromPath(info.path, options) };
  }

  async queryRealisation(id: DrvOutput): Promise<Realisation | undefined> {
    await this.info();
    const bytes = await this.#files.read(`realisations/${formatDrvOutput(id)}.doi`, REALISATION_BYTES_MAX);
    return bytes && parseRealisation(bytes.toString());
  }

  async addPaths(paths: AsyncIterable<IncomingPath>, options: AddOptions = {}): Promise<void> {
    const writer = await this.#openForWriting();
    for await (const incoming of paths) {
      const { path } = incoming.info;
      if (!options.repair && (await this.#lookup.find(path))) {
        for await (const _ of incoming.nar);
        continue;
      }
      await this.#checkReferences(incoming.info);
      await this.#publish(writer, await packNar(writer, incoming, this.#compression));
    }
  }

  async addContent(content: IncomingContent): Promise<PathInfo> {
    const writer = await this.#openForWriting();
    const folder = await mkdtemp(join(tmpdir(), "elsewhere-content-"));
    try {
      const placed = await placeContent(this.storeDir, content, join(folder, "x"));
      const known = content.repair ? undefined : await this.#lookup.find(placed.info.path);
      if (known) return known;
      await this.#checkReferences(placed.info);
      return await this.#publish(writer, await packNar(writer, placed, this.#compression));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory?.[Symbol.dispose]();
    await this.#files[Symbol.asyncDispose]();
  }

  async #publish(writer: CacheWriter, packed: NarInfo): Promise<NarInfo> {
    const info = this.#secretKey
      ? { ...packed, ...signPathInfo(this.storeDir, packed, this.#secretKey) }
      : packed;
    await writer.write(narInfoName(info.path), Buffer.from(formatNarInfo(this.storeDir, info)));
    this.#lookup.remember(info);
    return info;
  }

  async #checkReferences({ path, references }: PathInfo): Promise<void> {
    const others = references.filter((reference) => reference !== path);
    const valid = await this.queryValidPaths(others);
    const absent = others.find((reference) => !valid.has(reference));
    if (absent !== undefined)
      throw new ElsewhereError(
        "MISSING_REFERENCE",
        `Cannot add '${path}' to ${this.uri}: its reference '${absent}' is not there`,
      );
  }

  async #open(): Promise<CacheInfo> {
    const bytes = await this.#files.read(CACHE_INFO_NAME, CACHE_INFO_BYTES_MAX);
    if (!bytes && !this.#files.writer)
      throw new ElsewhereError(
        "NO_CACHE",
        `Cannot use ${this.uri}: it is no binary cache, for it has no ${CACHE_INFO_NAME}`,
      );
    const info = parseCacheInfo(bytes?.toString() ?? formatCacheInfo(this.storeDir));
    if (info.storeDir !== undefined && info.storeDir !== this.storeDir)
      throw new ElsewhereError(
        "OTHER_STORE",
        `Cannot use ${this.uri}: it is for the store ${info.storeDir}, not ${this.storeDir}`,
      );
    return info;
  }

  #downloadOf({ url, fileSize }: NarInfo, bytesDone: number): Download {
    return { uri: `${this.uri}/${url}`, bytes: fileSize ?? 0, bytesDone };
  }

  async #openForWriting(): Promise<CacheWriter> {
    const { writer } = this.#files;
    if (!writer) throw new ElsewhereError("READ_ONLY", `Cannot add to ${this.uri}: it can only be read`);
    await this.info();
    if (!(await this.#files.read(CACHE_INFO_NAME, CACHE_INFO_BYTES_MAX)))
      await writer.write(CACHE_INFO_NAME, Buffer.from(formatCacheInfo(this.storeDir)));
    return writer;
  }

  #notThere(path: StorePath): ElsewhereError {
    return new ElsewhereError("NOT_VALID", `Cannot find '${path}' in ${this.uri}: path is not valid there`);
  }
}

/** Bytes, and with each chunk how many there were so far. */
async function* counted(source: ByteSource, tell: (bytes: number) => void): ByteSource {
  let bytes = 0;
  tell(bytes);
  for await (const chunk of source) {
    bytes += chunk.length;
    tell(bytes);
    yield chunk;
  }
}

/** Nix remembers an absent path for an hour on disk; a process of ours may live longer than the absence. */
const ABSENT_MS = 60_000;
/** Largest realisation that is read, in bytes. */
const REALISATION_BYTES_MAX = 1024 * 1024;
