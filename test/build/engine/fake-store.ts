import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import { sha256 } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import type { IncomingPath, Store } from "#store/store.ts";

/** A store in memory that counts what it is asked. */
export class FakeStore implements Store {
  readonly storeDir = DEFAULT_STORE_DIR;
  readonly uri: string;
  readonly infos = new Map<StorePath, PathInfo>();
  /** What each `addPaths` brought. */
  readonly received: StorePath[][] = [];
  queries = 0;
  readonly #awaited = new Map<StorePath, Deferred<void>>();
  readonly #heldBack = new Map<StorePath, Deferred<void>>();
  isReadOnly = false;
  /** When set, everything fails with it. */
  broken: Error | undefined;

  constructor(uri: string) {
    this.uri = uri;
  }

  hold(path: StorePath, references: readonly StorePath[] = []): StorePath {
    this.infos.set(path, infoOf(path, references));
    return path;
  }

  /** Takes a path only once what this returns is resolved. */
  holdBack(path: StorePath): Deferred<void> {
    const arrival = new Deferred<void>();
    this.#heldBack.set(path, arrival);
    return arrival;
  }

  /** Takes it as any other again. */
  letGo(path: StorePath): void {
    this.#heldBack.delete(path);
  }

  /** Resolves when it has a path. */
  async hasTaken(path: StorePath): Promise<void> {
    if (this.infos.has(path)) return;
    const taken = this.#awaited.get(path) ?? new Deferred<void>();
    this.#awaited.set(path, taken);
    await taken.promise;
  }

  async queryPathInfos(paths: Iterable<StorePath>) {
    this.#ask();
    return new Map(
      [...paths].flatMap((path) => (this.infos.has(path) ? [[path, this.infos.get(path)!]] : [])),
    );
  }

  async queryValidPaths(paths: Iterable<StorePath>) {
    this.#ask();
    return new Set([...paths].filter((path) => this.infos.has(path)));
  }

  async queryClosure(paths: Iterable<StorePath>) {
    this.#ask();
    const found = new Map<StorePath, PathInfo>();
    const visit = (path: StorePath) => {
      if (found.has(path)) return;
      const info = this.infos.get(path);
      if (!info) throw new ElsewhereError("INVALID_PATH", `path '${path}' is not valid in ${this.uri}`);
      for (const reference of info.references) if (reference !== path) visit(reference);
      found.set(path, info);
    };
    for (const path of paths) visit(path);
    return [...found.values()];
  }

  async *narFromPath() {
    this.#ask();
    yield new Uint8Array(8);
  }

  async *narsFromPaths(infos: readonly PathInfo[]): AsyncGenerator<IncomingPath> {
    for (const info of infos) yield { info, nar: this.narFromPath() };
  }

  async addPaths(paths: AsyncIterable<IncomingPath>) {
    this.#ask();
    const added: StorePath[] = [];
    for await (const { info, nar } of paths) {
      for await (const _ of nar);
      await this.#heldBack.get(info.path)?.promise;
      for (const reference of info.references)
        if (reference !== info.path && !this.infos.has(reference))
          throw new ElsewhereError("REMOTE", `path '${reference}' is not valid`);
      this.infos.set(info.path, info);
      added.push(info.path);
      this.#awaited.get(info.path)?.resolve();
    }
    this.received.push(added);
  }

  async addContent(): Promise<PathInfo> {
    throw new Error("not part of these stories");
  }

  async [Symbol.asyncDispose]() {}

  checkWritable(): void {
    if (this.isReadOnly) throw new ElsewhereError("READ_ONLY_STORE", `Cannot change ${this.uri}`);
  }

  #ask() {
    this.queries++;
    if (this.broken) throw this.broken;
  }
}

/** A path whose digits are made from its name, so that stories can name it again. */
export function pathNamed(name: string): StorePath {
  const digits = [...sha256(name).digest]
    .map((byte) => "0123456789abcdfghijklmnpqrsvwxyz"[byte & 31])
    .join("");
  return parseStorePathBaseName(`${digits}-${name}`);
}

function infoOf(path: StorePath, references: readonly StorePath[]): PathInfo {
  return {
    path,
    narHash: sha256(path),
    narSize: 8,
    references,
    registrationTime: 0,
    ultimate: true,
    signatures: [],
    ...(path.endsWith(".drv") && { contentAddress: { method: "text" as const, hash: sha256(path) } }),
  };
}
