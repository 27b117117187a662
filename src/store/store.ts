import type { ByteSource } from "#base/byte-reader.ts";
import type { ContentAddressMethod } from "#nix/content-address.ts";
import type { HashAlgorithm } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { Download, FetchSink } from "./fetch-event.ts";

/** A store path with its contents, on its way into a store. */
export interface IncomingPath {
  readonly info: PathInfo;
  /** The NAR; must be consumed to its end before the next incoming path is asked for. */
  readonly nar: ByteSource;
}

export interface NarOptions {
  /**
   * A chunk of more than 64 KiB may be overwritten once the next is asked for, all but an end shorter than that next
   * one: for consumers that keep none.
   */
  readonly reuseChunks?: boolean;
  /** Told how far the file is that a NAR is read from, where it comes over a network. */
  readonly onDownload?: (path: StorePath, download: Download) => void;
}

export interface ValidityOptions {
  /** Have the store take what is not valid from its substituters first. */
  readonly substitute?: boolean;
  /** Told what the store fetches meanwhile, as far as it says so. */
  readonly fetches?: FetchSink;
}

export interface AddOptions {
  /** Write it again although the path is valid. */
  readonly repair?: boolean;
  /** Refuse a path without a trusted signature. Only a trusted caller may say false. */
  readonly checkSignatures?: boolean;
  /** All the paths that will come, where they are known: a store can then take them as one request. */
  readonly paths?: readonly StorePath[];
}

/** Contents addressed by their own hash, on their way into a store (`AddToStore`). */
export interface IncomingContent {
  readonly name: string;
  readonly method: ContentAddressMethod;
  readonly algorithm: HashAlgorithm;
  readonly references: readonly StorePath[];
  /** What `data` is: a NAR, or the flat contents of one file. */
  readonly dump: "nar" | "flat";
  readonly data: ByteSource;
  readonly repair?: boolean;
}

/** What a store must say and take for closures to move. Every implementation passes `test/contract/store.ts`. */
export interface Store extends AsyncDisposable {
  readonly storeDir: StoreDir;
  /** As a person would type it: `ssh-ng://host`, `local?root=/x`, `daemon`. */
  readonly uri: string;
  /** Where its files lie, when they lie on this machine and this process opens them itself. */
  readonly physicalStoreDir?: string;

  /** Throws where this process knows without asking that it cannot add paths. */
  checkWritable?(): void;

  /** Begins what the first answer needs, such as a connection, and waits for nothing. What fails is told then. */
  prepare?(): void;

  /** The information of those among `paths` that are valid. One query, however many paths. */
  queryPathInfos(paths: Iterable<StorePath>): Promise<Map<StorePath, PathInfo>>;
  /** Those among `paths` that are valid; with `substitute`, after the store has tried to substitute the others. */
  queryValidPaths(paths: Iterable<StorePath>, options?: ValidityOptions): Promise<Set<StorePath>>;
  /** `paths` and all that they refer to, with their information, references before referrers. Throws on one that is not valid. */
  queryClosure(paths: Iterable<StorePath>): Promise<PathInfo[]>;

  /** The NAR of a valid path. Nothing else may be asked of this store before it is consumed, unless it says otherwise. */
  narFromPath(path: StorePath): ByteSource;
  /** The NARs of `infos`, in that order, in as few round trips as the store can. Each must be consumed before the next. */
  narsFromPaths(infos: readonly PathInfo[], options?: NarOptions): AsyncIterable<IncomingPath>;
  /**
   * Whether it looks at signatures where it is told to check them: itself, or whoever it hands paths on to. Any
   * other takes whatever it is given, and must not be given what comes from someone who is not trusted.
   */
  readonly checksSignatures?: boolean;
  /** Adds paths, references before referrers. Those already valid are skipped. What came whole stays when the stream breaks. */
  addPaths(paths: AsyncIterable<IncomingPath>, options?: AddOptions): Promise<void>;
  /** Whether `addPaths` is done with each chunk of a NAR before it asks for the next. */
  readonly keepsNoChunks?: boolean;
  /** Adds contents under the path that they make. */
  addContent(content: IncomingContent): Promise<PathInfo>;
}

/** What a store knows beyond what copying needs. */
export interface QueryableStore extends Store {
  queryAllValidPaths(): Promise<Set<StorePath>>;
  /** Valid paths that refer to `path`. */
  queryReferrers(path: StorePath): Promise<Set<StorePath>>;
  /** Valid derivations that have `path` as an output. */
  queryValidDerivers(path: StorePath): Promise<Set<StorePath>>;
  queryPathFromHashPart(hashPart: string): Promise<StorePath | undefined>;
  querySubstitutablePaths(paths: Iterable<StorePath>): Promise<Set<StorePath>>;
  /** Outputs of a valid derivation by name; undefined for one whose path is not known yet. */
  queryDerivationOutputMap(drvPath: StorePath): Promise<Map<string, StorePath | undefined>>;
  queryRealisation(id: DrvOutput): Promise<Realisation | undefined>;
  registerRealisation(realisation: Realisation, options?: { checkSignatures?: boolean }): Promise<void>;
  addSignatures(path: StorePath, signatures: readonly string[]): Promise<void>;
  /** The build log of a derivation, unpacked, if it is kept. */
  buildLog(drvPath: StorePath): Promise<ByteSource | undefined>;
  addBuildLog(drvPath: StorePath, log: ByteSource): Promise<void>;
}

/** A store whose garbage can be found and collected. */
export interface CollectableStore extends QueryableStore {
  /** Keeps `path` from being collected while this process, or this connection, lives. */
  addTempRoot(path: StorePath): Promise<void>;
  /** Registers a symlink outside the store, at an absolute path, as a root. */
  addIndirectRoot(link: string): Promise<void>;
  /** Root links and the path that each keeps; what a process holds open has a name in braces. */
  findRoots(options?: { censor?: boolean }): Promise<Map<string, StorePath>>;
  collectGarbage(options: GcOptions): Promise<GcResult>;
  /** Replaces equal files by hard links. */
  optimise(): Promise<void>;
  /** Checks the store; true when errors remain. */
  verify(options: { checkContents: boolean; repair: boolean }): Promise<boolean>;
}

/** In the order of their numbers on the wire, from 0. Source: Nix, `GCOptions::GCAction`. */
export const GC_ACTIONS = ["return-live", "return-dead", "delete-dead", "delete-specific"] as const;
export type GcAction = (typeof GC_ACTIONS)[number];

export interface GcOptions {
  readonly action: GcAction;
  /** For `delete-specific`: only these. */
  readonly paths?: readonly StorePath[];
  readonly ignoreLiveness?: boolean;
  /** Stop when this many bytes are freed. */
  readonly bytesMax?: number;
}

export interface GcResult {
  readonly paths: readonly string[];
  readonly bytesFreed: number;
}
