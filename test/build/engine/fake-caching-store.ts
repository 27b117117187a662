import type { StorePath } from "#nix/store-path.ts";
import type { SubstitutablePath, Substituter, SubstitutingStore, TakenPath } from "#store/substituter.ts";
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

  async substitute(paths: Iterable<StorePath>) {
    const taken = new Map<StorePath, TakenPath>();
    const failed: StorePath[] = [];
    const take = async (path: StorePath) => {
      this.asked.push(path);
      try {
        await this.#offers.get(path)!();
        this.hold(path);
        taken.set(path, { from: this.#from, signedBy: ["cache-1"] });
      } catch {
        failed.push(path);
      }
    };
    await Promise.all(Array.from(paths, take));
    return { taken, failed };
  }

  readonly #from: Substituter = this.#cache;
}
