import type { Clock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { parsePublicKey, TrustedKeys } from "#nix/signature.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { Substituter } from "../substituter.ts";
import type { StoreDatabase } from "./database/store-database.ts";
import { ValidPaths } from "./database/valid-paths.ts";
import { readDerivationFile } from "./derivation-file.ts";
import { TempRoots } from "./garbage/temp-roots.ts";
import type { StoreLayout } from "./layout.ts";
import { Scratch } from "./scratch.ts";
import type { LocalSettings } from "./settings.ts";

/** What the parts of a local store share: its places, its database, its temporary roots. */
export class StoreContext implements Disposable {
  readonly layout: StoreLayout;
  readonly settings: LocalSettings;
  readonly db: StoreDatabase;
  readonly clock: Clock;
  readonly paths: ValidPaths;
  /** Modulo hashes of derivations in this store, remembered. */
  readonly derivationHasher: DerivationHasher;
  readonly trustedKeys: TrustedKeys;
  /** Paths whose locks are held by whoever wants them added, and how often they were said to be. */
  readonly heldLocks = new Map<StorePath, number>();
  #tempRoots: TempRoots | undefined;
  #scratch: Promise<Scratch> | undefined;
  #openScratch: Scratch | undefined;
  #isClosed = false;
  #substituters: Promise<readonly Substituter[]> | undefined;

  constructor(parts: { layout: StoreLayout; settings: LocalSettings; db: StoreDatabase; clock: Clock }) {
    this.layout = parts.layout;
    this.settings = parts.settings;
    this.db = parts.db;
    this.clock = parts.clock;
    this.paths = new ValidPaths(parts.db, parts.layout.storeDir);
    this.trustedKeys = new TrustedKeys(parts.settings.trustedPublicKeys.map(parsePublicKey));
    this.derivationHasher = new DerivationHasher(parts.layout.storeDir, (path) =>
      readDerivationFile(parts.layout.storeDir, path, this.realPathOf(path)),
    );
  }

  print(path: StorePath): string {
    return printStorePath(this.layout.storeDir, path);
  }

  /** Where a store path lies on disk. */
  realPathOf(path: StorePath): string {
    return `${this.layout.realStoreDir}/${path}`;
  }

  /** Those that missing paths are taken from, in the order in which they are asked. */
  async substituters(): Promise<readonly Substituter[]> {
    this.#substituters ??= byPriority(this.settings.substituters);
    return await this.#substituters;
  }

  get linksDir(): string {
    return `${this.layout.realStoreDir}/.links`;
  }

  nowS(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  /** Keeps paths, valid or not yet, from every collector as long as this store is open. */
  async addTempRoots(paths: Iterable<StorePath>): Promise<void> {
    this.checkWritable();
    this.#tempRoots ??= TempRoots.open(this.layout.stateDir);
    await this.#tempRoots.add(Array.from(paths, (path) => this.print(path)));
  }

  /** The folder for unfinished things, on the store's file system. */
  async scratch(): Promise<Scratch> {
    this.#scratch ??= Scratch.make(this.layout.realStoreDir, (path) => this.addTempRoots([path]));
    this.#openScratch = await this.#scratch;
    return this.#openScratch;
  }

  /** The same, once `scratch` was awaited. */
  get openScratch(): Scratch {
    if (!this.#openScratch) throw new Error("The scratch area is not open yet");
    return this.#openScratch;
  }

  checkWritable(): void {
    if (!this.db.isReadOnly) return;
    throw new ElsewhereError(
      "READ_ONLY_STORE",
      `Cannot change the store at '${this.layout.realStoreDir}': it is open for reading only`,
      { hint: `Run as a user who may write '${this.layout.stateDir}/db', or go through its daemon` },
    );
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#openScratch?.[Symbol.dispose]();
    this.#tempRoots?.close();
    this.db[Symbol.dispose]();
  }
}

async function byPriority(substituters: readonly Substituter[]): Promise<readonly Substituter[]> {
  const ranked = await Promise.all(
    substituters.map(async (from) => ({ from, priority: (await from.priority?.()) ?? 0 })),
  );
  return ranked.sort((a, b) => a.priority - b.priority).map(({ from }) => from);
}
