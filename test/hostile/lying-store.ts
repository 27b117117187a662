import type { ByteSource } from "#base/byte-reader.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import type { IncomingPath, Store } from "#store/store.ts";
import type { Lie } from "./lies.ts";

/** A store that tells lies, and takes nothing. */
export class LyingStore implements Store {
  readonly storeDir = DEFAULT_STORE_DIR;
  readonly uri = "a lying store";
  readonly #lie: Pick<Lie, "info" | "nar">;
  readonly #more: readonly PathInfo[];

  /** `more` is told of whatever was asked for. */
  constructor(lie: Pick<Lie, "info" | "nar">, more: readonly PathInfo[] = []) {
    this.#lie = lie;
    this.#more = more;
  }

  async queryPathInfos(): Promise<Map<StorePath, PathInfo>> {
    return new Map([this.#lie.info, ...this.#more].map((info) => [info.path, info]));
  }

  async queryValidPaths(paths: Iterable<StorePath>): Promise<Set<StorePath>> {
    return new Set(paths);
  }

  async queryClosure(): Promise<PathInfo[]> {
    return [...this.#more, this.#lie.info];
  }

  async *narFromPath(): ByteSource {
    yield this.#lie.nar;
  }

  async *narsFromPaths(infos: readonly PathInfo[]): AsyncGenerator<IncomingPath> {
    for (const info of infos) yield { info, nar: this.narFromPath() };
  }

  async addPaths(): Promise<never> {
    throw new Error("a lying store takes nothing");
  }

  async addContent(): Promise<never> {
    throw new Error("a lying store takes nothing");
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
