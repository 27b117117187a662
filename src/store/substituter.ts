import type { Clock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import { type Rests, shortRests } from "#base/rests.ts";
import type { ContentAddress } from "#nix/content-address.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { FetchSink } from "./fetch-event.ts";
import type { NarOptions, Store } from "./store.ts";

/** A store that missing paths are taken from; any store is one. */
export interface Substituter
  extends Pick<Store, "uri" | "storeDir" | "queryPathInfos" | "narFromPath" | "narsFromPaths"> {
  /** Less is asked first; 0 where it does not say. */
  priority?(): Promise<number>;
  /** What it says an output of a content-addressed derivation was realised as. */
  queryRealisation?(id: DrvOutput): Promise<Realisation | undefined>;
  /** Its paths need no signature: `?trusted=true`. */
  readonly trusted?: boolean;
  /** Told of a path that it has and did not give whole: it need not offer it again for a while. */
  noteFailure?(path: StorePath, error: unknown): void;
}

/** What a substituter has of a path. */
export interface SubstitutablePath {
  readonly info: PathInfo;
  /** In bytes; 0 where it is not known. */
  readonly downloadSize: number;
  readonly from: Substituter;
  /** The same as the substituter has it, where its store directory is another and hence its name for the path. */
  readonly there?: PathInfo;
}

export interface SubstituteOptions {
  /** Of those paths that contents address: substituters with another store directory may have the same contents. */
  readonly addresses?: ReadonlyMap<StorePath, ContentAddress>;
}

export interface TakeOptions extends SubstituteOptions {
  /** Told meanwhile what is fetched. */
  readonly fetches?: FetchSink;
}

/** A store that says what it could substitute, and from where. */
export interface SubstitutingStore extends Store {
  /** What substituters have of `paths`, in a form that this store takes. */
  querySubstitutable(
    paths: Iterable<StorePath>,
    options?: SubstituteOptions,
  ): Promise<Map<StorePath, SubstitutablePath>>;
  /** The same with all that the paths refer to and that is not valid here. */
  querySubstitutableClosure(paths: Iterable<StorePath>): Promise<Map<StorePath, SubstitutablePath>>;
  /** Makes paths valid as far as substituters have them, and says how that went. */
  substitute(paths: Iterable<StorePath>, options?: TakeOptions): Promise<SubstitutionResult>;
}

/** How substitution ended. */
export interface SubstitutionResult {
  /** What was taken, and from where. */
  readonly taken: ReadonlyMap<StorePath, TakenPath>;
  /** What could not be taken although a substituter has it. */
  readonly failed: readonly StorePath[];
}

/** How a path was taken. */
export interface TakenPath {
  readonly from: Substituter;
  /** Names of the trusted keys that signed it. */
  readonly signedBy: readonly string[];
}

export interface RestingSubstituterOptions {
  readonly priority: () => Promise<number>;
  readonly trusted: boolean;
  readonly clock: Clock;
  /** Remembers over runs that it failed; for this run only where absent. */
  readonly rests?: Rests;
  /** Told once each time that the substituter is given up for a while. */
  readonly report: (text: string) => void;
}

/**
 * A substituter that is left alone for a while after it failed, and has nothing meanwhile: a cache that is
 * down costs one timeout, not one for each path. A path that it did not give whole is left alone by itself.
 */
export class RestingSubstituter implements Substituter, AsyncDisposable {
  readonly uri: string;
  readonly storeDir: StoreDir;
  readonly trusted: boolean;
  readonly #store: Store & Pick<Substituter, "queryRealisation">;
  readonly #options: RestingSubstituterOptions;
  readonly #rests: Rests;

  constructor(store: Store, options: RestingSubstituterOptions) {
    this.uri = store.uri;
    this.storeDir = store.storeDir;
    this.trusted = options.trusted;
    this.#store = store;
    this.#options = options;
    this.#rests = options.rests ?? shortRests();
  }

  async priority(): Promise<number> {
    return (await this.#ask(() => this.#options.priority())) ?? Number.MAX_SAFE_INTEGER;
  }

  async queryPathInfos(paths: Iterable<StorePath>): Promise<Map<StorePath, PathInfo>> {
    const resting = this.#rests.keysUnder(`${this.uri} `, this.#options.clock.now());
    const wanted = [...paths].filter((path) => !resting.has(this.#keyOf(path)));
    return (await this.#ask(() => this.#store.queryPathInfos(wanted))) ?? new Map();
  }

  async queryRealisation(id: DrvOutput): Promise<Realisation | undefined> {
    return await this.#ask(async () => await this.#store.queryRealisation?.(id));
  }

  narFromPath(path: StorePath) {
    return this.#store.narFromPath(path);
  }

  narsFromPaths(infos: readonly PathInfo[], options?: NarOptions) {
    return this.#store.narsFromPaths(infos, options);
  }

  noteFailure(path: StorePath, error: unknown): void {
    const untilMs = this.#options.clock.now() + REST_MS;
    this.#rests.rest(this.#keyOf(path), { untilMs, message: messageOf(error) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  #keyOf(path: StorePath): string {
    return `${this.uri} ${path}`;
  }

  async #ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    const { clock, report } = this.#options;
    if (this.#rests.restOf(this.uri, clock.now())) return undefined;
    try {
      return await question();
    } catch (error) {
      const message = messageOf(error);
      if (!this.#rests.restOf(this.uri, clock.now()))
        report(`substituter '${this.uri}' cannot be used and is left alone for a minute: ${message}`);
      this.#rests.rest(this.uri, { untilMs: clock.now() + REST_MS, message });
      return undefined;
    }
  }
}

/** As long as Nix disables a binary cache. */
const REST_MS = 60_000;
