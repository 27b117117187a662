import type { ByteSource } from "#base/byte-reader.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "../invalid-path.ts";
import { dumpPath } from "../nar/dump-path.ts";
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
import type {
  SubstitutablePath,
  SubstituteOptions,
  SubstitutingStore,
  SubstitutionResult,
  TakeOptions,
} from "../substituter.ts";
import { addContent } from "./add-content.ts";
import { addPaths } from "./add-paths.ts";
import { type BuildLogWriter, readBuildLog, writeBuildLog } from "./build-log.ts";
import { collectGarbage } from "./collect.ts";
import type { StoreContext } from "./context.ts";
import { deleteInvalid } from "./delete-invalid.ts";
import { registerInPlace } from "./install.ts";
import { optimiseStore, optimiseTree } from "./optimise.ts";
import { queryDerivationOutputMap } from "./output-map.ts";
import { lockRealPaths, type PathLockOptions, type PathLocks } from "./path-lock.ts";
import { queryRealisation, registerRealisation } from "./realisations.ts";
import { addIndirectRoot, addPermanentRoot } from "./root-links.ts";
import { findRoots } from "./roots.ts";
import { addSignatures } from "./signatures.ts";
import { findSubstitutable, findSubstitutableClosure } from "./substitutable.ts";
import { findSubstitutableRealisation } from "./substitutable-realisation.ts";
import { substitute } from "./substitute.ts";
import { verifyStore } from "./verify.ts";

/**
 * A store on this machine's disk, in Nix's own layout and schema. Many processes, of ours and of Nix, may
 * use one at a time. Any number of its methods may be under way at once; NARs too.
 */
export class LocalStore implements CollectableStore, SubstitutingStore {
  readonly uri: string;
  readonly keepsNoChunks = true;
  readonly checksSignatures = true;
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
    const { root } = context.layout;
    this.uri = root === undefined ? "local" : `local?root=${root}`;
  }

  get storeDir(): StoreDir {
    return this.#context.layout.storeDir;
  }

  /** Where the store directory lies on disk. */
  get physicalStoreDir(): string {
    return this.#context.layout.realStoreDir;
  }

  get stateDir(): string {
    return this.#context.layout.stateDir;
  }

  get logDir(): string {
    return this.#context.layout.logDir;
  }

  /** Where a store path lies on disk, whether it is valid or not. */
  realPathOf(path: StorePath): string {
    return this.#context.realPathOf(path);
  }

  async queryPathInfos(paths: Iterable<StorePath>): Promise<Map<StorePath, PathInfo>> {
    return this.#context.paths.infosOf(paths);
  }

  async queryValidPaths(paths: Iterable<StorePath>, options: ValidityOptions = {}): Promise<Set<StorePath>> {
    const asked = [...paths];
    if (options.substitute) await substitute(this.#context, asked, options);
    return this.#context.paths.validAmong(asked);
  }

  async queryClosure(paths: Iterable<StorePath>): Promise<PathInfo[]> {
    return this.#context.paths.closureOf([...paths]);
  }

  async *narFromPath(path: StorePath, options?: NarOptions): AsyncGenerator<Uint8Array> {
    const narSize = this.#context.paths.narSizeOf(path);
    if (narSize === undefined) throw new InvalidPathError(this.#context.print(path));
    yield* this.#nar({ path, narSize }, options);
  }

  #nar(
    { path, narSize }: Pick<PathInfo, "path" | "narSize">,
    { reuseChunks }: NarOptions = {},
  ): AsyncGenerator<Uint8Array> {
    // No larger than the whole: thousands of small paths shall not take a large buffer each.
    const chunkBytes = Math.min(Math.max(narSize, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
    return dumpPath(this.realPathOf(path), {
      chunkBytes,
      // Those who gather what is small keep more than one small chunk.
      reuseChunks: reuseChunks === true && chunkBytes === CHUNK_BYTES_MAX,
    });
  }

  async *narsFromPaths(infos: readonly PathInfo[], options?: NarOptions): AsyncGenerator<IncomingPath> {
    for (const info of infos) yield { info, nar: this.#nar(info, options) };
  }

  async addPaths(paths: AsyncIterable<IncomingPath>, options?: AddOptions): Promise<void> {
    await addPaths(this.#context, paths, options);
  }

  async addContent(content: IncomingContent): Promise<PathInfo> {
    return await addContent(this.#context, content);
  }

  async queryAllValidPaths(): Promise<Set<StorePath>> {
    return this.#context.paths.all();
  }

  async queryReferrers(path: StorePath): Promise<Set<StorePath>> {
    return this.#context.paths.referrersOf(path);
  }

  async queryValidDerivers(path: StorePath): Promise<Set<StorePath>> {
    return this.#context.paths.validDeriversOf(path);
  }

  async queryPathFromHashPart(hashPart: string): Promise<StorePath | undefined> {
    return this.#context.paths.fromHashPart(hashPart);
  }

  async querySubstitutablePaths(paths: Iterable<StorePath>): Promise<Set<StorePath>> {
    return new Set((await findSubstitutable(this.#context, paths, { untrusted: true })).keys());
  }

  /** What substituters have of `paths`, in a form that this store takes. */
  async querySubstitutable(
    paths: Iterable<StorePath>,
    options: SubstituteOptions = {},
  ): Promise<Map<StorePath, SubstitutablePath>> {
    return await findSubstitutable(this.#context, paths, options);
  }

  /** What a substituter that may be believed says an output was realised as. */
  async querySubstitutableRealisation(id: DrvOutput): Promise<Realisation | undefined> {
    return await findSubstitutableRealisation(this.#context, id);
  }

  /** The same as `querySubstitutable` with all that the paths refer to and that is not valid here. */
  async querySubstitutableClosure(paths: Iterable<StorePath>): Promise<Map<StorePath, SubstitutablePath>> {
    return await findSubstitutableClosure(this.#context, paths);
  }

  /** Makes paths valid as far as substituters have them, and says how that went. */
  async substitute(paths: Iterable<StorePath>, options: TakeOptions = {}): Promise<SubstitutionResult> {
    return await substitute(this.#context, [...paths], options);
  }

  async queryDerivationOutputMap(drvPath: StorePath): Promise<Map<string, StorePath | undefined>> {
    return queryDerivationOutputMap(this.#context, drvPath);
  }

  async queryRealisation(id: DrvOutput): Promise<Realisation | undefined> {
    return queryRealisation(this.#context, id);
  }

  /** Believes the caller unless told to check signatures: who builds here has none. */
  async registerRealisation(
    realisation: Realisation,
    options: { checkSignatures?: boolean } = {},
  ): Promise<void> {
    registerRealisation(this.#context, realisation, options);
  }

  async addSignatures(path: StorePath, signatures: readonly string[]): Promise<void> {
    addSignatures(this.#context, path, signatures);
  }

  async buildLog(drvPath: StorePath): Promise<ByteSource | undefined> {
    return readBuildLog(this.logDir, drvPath);
  }

  async addBuildLog(drvPath: StorePath, log: ByteSource): Promise<void> {
    const writer = this.openBuildLog(drvPath);
    for await (const chunk of log) await writer.write(chunk);
    await writer.close();
  }

  async addTempRoot(path: StorePath): Promise<void> {
    await this.#context.addTempRoots([path]);
  }

  /** The same for many, at the price of one. */
  async addTempRoots(paths: Iterable<StorePath>): Promise<void> {
    await this.#context.addTempRoots(paths);
  }

  async addIndirectRoot(link: string): Promise<void> {
    addIndirectRoot(this.#context, link);
  }

  /** Makes `link` a symlink to `path` and an indirect root, as `nix build --out-link` does. */
  async addPermanentRoot(path: StorePath, link: string): Promise<void> {
    await addPermanentRoot(this.#context, path, link);
  }

  async findRoots(options: { censor?: boolean } = {}): Promise<Map<string, StorePath>> {
    return findRoots(this.#context, options);
  }

  async collectGarbage(options: GcOptions): Promise<GcResult> {
    return await collectGarbage(this.#context, options);
  }

  async optimise(): Promise<void> {
    await optimiseStore(this.#context);
  }

  async verify(options: { checkContents: boolean; repair: boolean }): Promise<boolean> {
    return await verifyStore(this.#context, options);
  }

  /** Makes paths valid by substitution; throws when one cannot be had. */
  async ensurePaths(paths: Iterable<StorePath>): Promise<void> {
    const asked = [...paths];
    const valid = await this.queryValidPaths(asked, { substitute: true });
    for (const path of asked) if (!valid.has(path)) throw new InvalidPathError(this.#context.print(path));
  }

  // What a builder on this machine needs beside.

  /** A place on the store's file system at which nothing lies, for what is to be moved into the store. It goes when the store is closed. */
  async scratchPlace(): Promise<string> {
    return (await this.#context.scratch()).place();
  }

  /**
   * Registers paths that lie canonical and complete in the store directory, in one transaction. References
   * must be valid or among them. The caller holds their locks and temporary roots.
   */
  async registerOutputs(infos: readonly PathInfo[]): Promise<void> {
    this.#context.checkWritable();
    if (this.#context.settings.autoOptimise)
      for (const { path } of infos) await optimiseTree(this.#context, this.realPathOf(path));
    registerInPlace(this.#context, infos);
  }

  /** Keeps every other process, of Nix too, from making these paths; undefined when not to wait and one is held. */
  async lockPaths(paths: Iterable<StorePath>, options?: PathLockOptions): Promise<PathLocks | undefined> {
    const wanted = [...paths];
    // A lock file is garbage to a collector that does not know that its path is wanted.
    await this.#context.addTempRoots(wanted);
    return await lockRealPaths(
      wanted.map((path) => this.realPathOf(path)),
      options,
    );
  }

  /** Whoever wants these paths added holds their locks: they are not waited for until it is disposed. */
  assumeLocked(paths: readonly StorePath[]): Disposable {
    const { heldLocks } = this.#context;
    for (const path of paths) heldLocks.set(path, (heldLocks.get(path) ?? 0) + 1);
    const release = (path: StorePath) => {
      const left = heldLocks.get(path)! - 1;
      if (left === 0) heldLocks.delete(path);
      else heldLocks.set(path, left);
    };
    return { [Symbol.dispose]: () => paths.forEach(release) };
  }

  /** Deletes what lies at paths that are not valid. The caller holds their locks. */
  async deleteInvalid(paths: Iterable<StorePath>): Promise<void> {
    await deleteInvalid(this.#context, [...paths]);
  }

  /** Opens the log of a build for writing; it takes an older one's place when it is closed. */
  openBuildLog(drvPath: StorePath): BuildLogWriter {
    return writeBuildLog(this.logDir, drvPath, { compress: this.#context.settings.compressBuildLog });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#context[Symbol.dispose]();
    await this.#context.settings.onClose();
  }
}

/** Sizes of the chunks that NARs come in, in bytes. */
const CHUNK_BYTES_MIN = 1024;
const CHUNK_BYTES_MAX = 256 * 1024;
