import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import { formatDrvOutput } from "#nix/realisation-text.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import type { Operation } from "#wire/daemon/operation.ts";
import { operations } from "#wire/daemon/operations.ts";
import { BUILD_MEMORY_LIMIT } from "#wire/daemon/version.ts";
import type { BuildLane } from "../build-lane.ts";
import { ConnectionPool } from "../connection-pool.ts";
import { FetchReader } from "../fetch-reader.ts";
import type { LaneOptions, MissingPaths, RealiseOptions, Realiser } from "../realiser.ts";
import { nameRoots } from "../root-names.ts";
import type {
  AddOptions,
  CollectableStore,
  GcOptions,
  GcResult,
  IncomingContent,
  IncomingPath,
  NarOptions,
  ValidityOptions,
} from "../store.ts";
import { uploadContent } from "./add-content.ts";
import { buildDerivation, buildPaths } from "./building.ts";
import { DaemonConnection } from "./connection.ts";
import { openDaemonLane } from "./daemon-lane.ts";
import { downloadNar, downloadNars } from "./download.ts";
import { queryClosure, queryPathInfos } from "./queries.ts";
import { uploadPaths, writeAll } from "./upload.ts";

export interface DaemonStoreOptions {
  /** As a person would type it. */
  readonly uri: string;
  readonly storeDir: StoreDir;
  /** Makes a connection to the daemon. */
  readonly connect: () => Promise<ByteStream>;
  readonly connectionsMax?: number;
  /** The newest minor version of the protocol to speak. */
  readonly minor?: number;
  /** Features of the protocol to offer. */
  readonly features?: readonly string[];
  /** Goes with the store: the ssh host, for one. */
  readonly owned?: AsyncDisposable;
}

/**
 * A store behind the worker protocol: a daemon's socket, or `ssh-ng://`. Each call has a connection of its
 * own for its time, so any number may be under way; NARs too.
 */
export class DaemonStore implements CollectableStore, Realiser {
  readonly uri: string;
  readonly storeDir: StoreDir;
  readonly keepsNoChunks = true;
  readonly checksSignatures = true;
  readonly #pool: ConnectionPool<DaemonConnection>;

  constructor({ uri, storeDir, connect, connectionsMax, owned, ...spoken }: DaemonStoreOptions) {
    this.uri = uri;
    this.storeDir = storeDir;
    this.#pool = new ConnectionPool({
      open: async () => DaemonConnection.open(await connect(), { storeDir, ...spoken }),
      connectionsMax,
      owned,
    });
  }

  /** Connects, and tells what the server said of itself. */
  async ping(): Promise<DaemonFacts> {
    return await this.#pool.use(async ({ agreed }) => ({
      protocol: `1.${agreed.version}`,
      nixVersion: agreed.nixVersion,
      trusted: agreed.trusted,
    }));
  }

  prepare(): void {
    this.#pool.prepare();
  }

  async queryPathInfos(paths: Iterable<StorePath>): Promise<Map<StorePath, PathInfo>> {
    return await this.#pool.use((connection) => queryPathInfos(connection, paths));
  }

  async queryValidPaths(
    paths: Iterable<StorePath>,
    { substitute = false, fetches }: ValidityOptions = {},
  ): Promise<Set<StorePath>> {
    const request = { paths: [...new Set(paths)], substitute };
    const reader = fetches && new FetchReader({ storeDir: this.storeDir, tell: fetches });
    return new Set(await this.#ask(operations.queryValidPaths, request, reader?.take));
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

  async addPaths(paths: AsyncIterable<IncomingPath>, options?: AddOptions): Promise<void> {
    await this.#pool.use((connection) => uploadPaths(connection, paths, options));
  }

  async addContent(content: IncomingContent): Promise<PathInfo> {
    return await this.#pool.use((connection) => uploadContent(connection, content));
  }

  async queryAllValidPaths(): Promise<Set<StorePath>> {
    return new Set(await this.#ask(operations.queryAllValidPaths, undefined));
  }

  async queryReferrers(path: StorePath): Promise<Set<StorePath>> {
    return new Set(await this.#ask(operations.queryReferrers, { path }));
  }

  async queryValidDerivers(path: StorePath): Promise<Set<StorePath>> {
    return new Set(await this.#ask(operations.queryValidDerivers, { path }));
  }

  async queryPathFromHashPart(hashPart: string): Promise<StorePath | undefined> {
    return await this.#ask(operations.queryPathFromHashPart, { hashPart });
  }

  async querySubstitutablePaths(paths: Iterable<StorePath>): Promise<Set<StorePath>> {
    return new Set(await this.#ask(operations.querySubstitutablePaths, { paths: [...new Set(paths)] }));
  }

  async queryDerivationOutputMap(drvPath: StorePath): Promise<Map<string, StorePath | undefined>> {
    return new Map(await this.#ask(operations.queryDerivationOutputMap, { path: drvPath }));
  }

  async queryRealisation(id: DrvOutput): Promise<Realisation | undefined> {
    return (await this.#ask(operations.queryRealisation, { id }))[0];
  }

  /** A daemon checks the realisations of those that it does not trust, if of anyone: it cannot be asked to check ours. */
  async registerRealisation(
    realisation: Realisation,
    { checkSignatures = false }: { checkSignatures?: boolean } = {},
  ): Promise<void> {
    if (checkSignatures) throw cannotCheck(realisation);
    await this.#ask(operations.registerDrvOutput, { realisation });
  }

  async addSignatures(path: StorePath, signatures: readonly string[]): Promise<void> {
    await this.#ask(operations.addSignatures, { path, signatures });
  }

  /** The protocol has no request for it. */
  async buildLog(): Promise<undefined> {
    return undefined;
  }

  async addBuildLog(drvPath: StorePath, log: ByteSource): Promise<void> {
    await this.#pool.use((connection) =>
      connection.upload(
        operations.addBuildLog,
        { drvPath },
        { body: (frames, stop) => writeAll(frames, log, stop) },
      ),
    );
  }

  /** Lasts as long as the connection that it was asked on, which the pool keeps. */
  async addTempRoot(path: StorePath): Promise<void> {
    await this.#ask(operations.addTempRoot, { path });
  }

  async addIndirectRoot(link: string): Promise<void> {
    await this.#ask(operations.addIndirectRoot, { link });
  }

  /** A daemon that trusts us tells all: what others may not see is left out here. */
  async findRoots(options: { censor?: boolean } = {}): Promise<Map<string, StorePath>> {
    const roots = await this.#ask(operations.findRoots, undefined);
    return nameRoots(
      roots.map(({ link, path }) => [link, path] as const),
      options,
    );
  }

  async collectGarbage({
    action,
    paths = [],
    ignoreLiveness = false,
    bytesMax,
  }: GcOptions): Promise<GcResult> {
    return await this.#ask(operations.collectGarbage, { action, paths, ignoreLiveness, bytesMax });
  }

  async optimise(): Promise<void> {
    await this.#ask(operations.optimiseStore, undefined);
  }

  async verify(options: { checkContents: boolean; repair: boolean }): Promise<boolean> {
    return await this.#ask(operations.verifyStore, options);
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

  async openLane(options: LaneOptions): Promise<BuildLane | undefined> {
    if (this.#pool.free <= CONNECTIONS_BESIDE_LANES) return undefined;
    return await openDaemonLane(await this.#pool.lease(), options);
  }

  async queryMissing(paths: readonly DerivedPath[]): Promise<MissingPaths> {
    return await this.#ask(operations.queryMissing, { paths });
  }

  async keepsMemoryLimit(): Promise<boolean> {
    return await this.#pool.use(async ({ agreed }) => agreed.features.has(BUILD_MEMORY_LIMIT));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  async #ask<Request, Reply>(
    operation: Operation<Request, Reply>,
    request: Request,
    log?: LogSink,
  ): Promise<Reply> {
    return await this.#pool.use((connection) => connection.call(operation, request, log));
  }
}

function cannotCheck({ id }: Realisation): ElsewhereError {
  return new ElsewhereError(
    "UNSUPPORTED",
    `Cannot register realisation '${formatDrvOutput(id)}': a daemon cannot be asked to check its signatures`,
    { hint: "Register it as a user that is trusted here" },
  );
}

/** Lanes leave as many for what is sent and fetched meanwhile. */
const CONNECTIONS_BESIDE_LANES = 3;

/** What a daemon says of itself. */
export interface DaemonFacts {
  /** Such as `1.38`. */
  readonly protocol: string;
  /** Unknown before 1.33. */
  readonly nixVersion: string | undefined;
  /** Whether it trusts this user; unknown before 1.35. */
  readonly trusted: boolean | undefined;
}
