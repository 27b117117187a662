import type { StorePath } from "#nix/store-path.ts";
import type {
  SubstitutablePath,
  Substituter,
  SubstitutingStore,
  TakenPath,
  TakeOptions,
} from "#store/substituter.ts";
import { FakeStore } from "./fake-store.ts";

/** Gives a path as it says: at once, later, or not at all, by throwing. */
type Give = () => Promise<void> | void;

/** A store in memory with a cache beside it that gives what it has as it is told. */
export class FakeCachingStore extends FakeStore implements SubstitutingStore {
  /** What the cache was asked to give. */
  readonly asked: StorePath[] = [];
  readonly #cache = new FakeStore("fake://cache");
  readonly #offers = new Map<StorePath, Give>();

  offer(path: StorePath, give: Give = () => undefined): void {
    this.#cache.hold(path);
    this.#offers.set(path, give);
  }

  async querySubstitutable(paths: Iterable<StorePath>): Promise<Map<StorePath, SubstitutablePath>> {
    const infos = await this.#cache.queryPathInfos(paths);
    return new Map(Array.from(infos, ([path, info]) => [path, { info, downloadSize: 0, from: this.#from }]));
  }

  async querySubstitutableClosure(paths: Iterable<StorePath>): Promise<Map<StorePath, SubstitutablePath>> {
    return await this.querySubstitutable(paths);
  }

  async substitute(paths: Iterable<StorePath>, { fetches: tell = () => undefined }: TakeOptions = {}) {
    const taken = new Map<StorePath, TakenPath>();
    const failed: StorePath[] = [];
    const take = async (path: StorePath) => {
      const id = this.asked.push(path);
      tell({ kind: "fetch-started", id, path, from: this.#cache.uri, bytes: 1000 });
      try {
        await this.#offers.get(path)!();
        this.hold(path);
        taken.set(path, { from: this.#from, signedBy: ["cache-1"] });
        tell({ kind: "fetch-finished", id });
      } catch (error) {
        failed.push(path);
        tell({ kind: "fetch-finished", id, error: String(error) });
      }
    };
    await Promise.all(Array.from(paths, take));
    return { taken, failed };
  }

  readonly #from: Substituter = this.#cache;
}
