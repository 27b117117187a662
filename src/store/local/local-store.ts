import type { ByteSource } from "#base/byte-reader.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
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
import { addContent } from "./addition/add-content.ts";
import { addPaths } from "./addition/add-paths.ts";
import { type BuildLogWriter, fillBuildLog, readBuildLog, writeBuildLog } from "./build-log.ts";
import type { StoreContext } from "./context.ts";
import { queryRealisation, registerRealisation } from "./database/realisations.ts";
import { addSignatures } from "./database/signatures.ts";
import { collectGarbage } from "./garbage/collect.ts";
import { addIndirectRoot, addPermanentRoot } from "./garbage/root-links.ts";
import { findRoots } from "./garbage/roots.ts";
import { optimiseStore } from "./optimise.ts";
import { queryDerivationOutputMap } from "./output-map.ts";
import { OutputPlaces } from "./output-places.ts";
import { findSubstitutable, findSubstitutableClosure } from "./substitution/substitutable.ts";
import { findSubstitutableRealisation } from "./substitution/substitutable-realisation.ts";
import { substitute } from "./substitution/substitute.ts";
import { narOfPath, narsOfPaths } from "./valid-nars.ts";
import { verifyStore } from "./verify.ts";

/**
 * A store on this machine's disk, in Nix's own layout and schema. Many processes, of ours and of Nix, may
 * use one at a time. Any number of its methods may be under way at once; NARs too.
 */
export class LocalStore implements CollectableStore, SubstitutingStore {
  readonly uri: string;
  readonly keepsNoChunks = true;
  readonly checksSignatures = true;
  /** For whoever builds into it on this machine. */
  readonly outputs: OutputPlaces;
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
    this.outputs = new OutputPlaces(context);
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

  checkWritable(): void {
    this.#context.checkWritable();
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

  narFromPath(path: StorePath, options?: NarOptions): AsyncIterable<Uint8Array> {
    return narOfPath(this.#context, path, options);
  }

  narsFromPaths(infos: readonly PathInfo[], options?: NarOptions): AsyncIterable<IncomingPath> {
    return narsOfPaths(this.#context, infos, options);
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
    await fillBuildLog(this.openBuildLog(drvPath), log);
  }

  /** Opens the log of a build for writing; it takes an older one's place when it is closed. */
  openBuildLog(drvPath: StorePath): BuildLogWriter {
    return writeBuildLog(this.logDir, drvPath, { compress: this.#context.settings.compressBuildLog });
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#context[Symbol.dispose]();
    await this.#context.settings.onClose();
  }
}
