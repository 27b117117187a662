import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import { commands } from "#wire/serve/commands.ts";
import { ConnectionPool } from "../connection-pool.ts";
import type { MissingPaths, RealiseOptions, Realiser } from "../realiser.ts";
import type { AddOptions, IncomingContent, IncomingPath, NarOptions, Store } from "../store.ts";
import { buildDerivation, buildPaths, limitMemory } from "./building.ts";
import { type ServeConnect, ServeConnection } from "./connection.ts";
import { queryClosure, queryPathInfos } from "./queries.ts";
import { downloadNar, downloadNars, uploadPaths } from "./transfer.ts";

export interface ServeStoreOptions {
  /** As a person would type it. */
  readonly uri: string;
  readonly storeDir: StoreDir;
  readonly connect: ServeConnect;
  readonly connectionsMax?: number;
  /** The newest minor version of the protocol to speak. */
  readonly minor?: number;
  /** Goes with the store: the ssh host, for one. */
  readonly owned?: AsyncDisposable;
}

/** A store behind `nix-store --serve`: `ssh://`. Its protocol moves closures and builds, and nothing else. */
export class ServeStore implements Store, Realiser {
  readonly uri: string;
  readonly storeDir: StoreDir;
  readonly keepsNoChunks = true;
  readonly #pool: ConnectionPool<ServeConnection>;

  constructor({ uri, storeDir, connect, connectionsMax, owned, ...spoken }: ServeStoreOptions) {
    this.uri = uri;
    this.storeDir = storeDir;
    this.#pool = new ConnectionPool({
      open: () => ServeConnection.open(connect, { storeDir, ...spoken }),
      connectionsMax,
      owned,
    });
  }

  /** Connects, and tells which protocol is spoken. */
  async ping(): Promise<{ readonly protocol: string }> {
    return await this.#pool.use(async ({ agreed }) => ({ protocol: `2.${agreed.version}` }));
  }

  prepare(): void {
    this.#pool.prepare();
  }

  async queryPathInfos(paths: Iterable<StorePath>): Promise<Map<StorePath, PathInfo>> {
    return await this.#pool.use((connection) => queryPathInfos(connection, paths));
  }

  async queryValidPaths(
    paths: Iterable<StorePath>,
    { substitute = false }: { substitute?: boolean } = {},
  ): Promise<Set<StorePath>> {
    const request = { lock: false, substitute, paths: [...new Set(paths)] };
    return new Set(await this.#pool.use((connection) => connection.call(commands.queryValidPaths, request)));
  }

  async queryClosure(paths: Iterable<StorePath>): Promise<PathInfo[]> {
    return await this.#pool.use((connection) => queryClosure(connection, paths));
  }

  narFromPath(path: StorePath): ByteSource {
    return downloadNar(() => this.#pool.lease(), path);
  }

  narsFromPaths(infos: readonly PathInfo[], options?: NarOptions): AsyncIterable<IncomingPath> {
    return downloadNars(() => this.#pool.lease(), infos, options);
  }

  /** The server trusts whoever may log in: it checks no signatures, and repairs nothing. */
  async addPaths(paths: AsyncIterable<IncomingPath>, { repair }: AddOptions = {}): Promise<void> {
    if (repair) throw unsupported("repair a path");
    await this.#pool.use((connection) => uploadPaths(connection, paths));
  }

  async addContent({ name }: IncomingContent): Promise<PathInfo> {
    throw unsupported(`add '${name}' by its contents`);
  }

  async buildDerivation(
    drvPath: StorePath,
    derivation: BasicDerivation,
    options: RealiseOptions,
  ): Promise<BuildResult> {
    return await this.#pool.use((connection) =>
      buildDerivation(connection, { drvPath, derivation }, options),
    );
  }

  async buildPaths(paths: readonly DerivedPath[], options: RealiseOptions): Promise<KeyedBuildResult[]> {
    return await this.#pool.use((connection) => buildPaths(connection, paths, options));
  }

  async queryMissing(): Promise<MissingPaths> {
    throw unsupported("say what is missing");
  }

  async keepsMemoryLimit(bytes: number): Promise<boolean> {
    return await this.#pool.use((connection) => limitMemory(connection, bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

function unsupported(what: string): ElsewhereError {
  return new ElsewhereError(
    "UNSUPPORTED",
    `Cannot ask an ssh:// store to ${what}: its protocol has no request for it`,
    {
      hint: "Use ssh-ng:// for this host",
    },
  );
}
