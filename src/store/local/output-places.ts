import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { registerInPlace } from "./addition/install.ts";
import type { StoreContext } from "./context.ts";
import { deleteInvalid } from "./delete-invalid.ts";
import { lockRealPaths, type PathLockOptions, type PathLocks } from "./lock/path-lock.ts";
import { optimiseTree } from "./optimise.ts";

/** What whoever builds on this machine needs of a store: room for outputs, their locks, and a way to register them. */
export class OutputPlaces {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** A place on the store's file system at which nothing lies, for what is to be moved into the store. It goes when the store is closed. */
  async scratchPlace(): Promise<string> {
    return (await this.#context.scratch()).place();
  }

  /** Keeps every other process, of Nix too, from making these paths; undefined when not to wait and one is held. */
  async lock(paths: Iterable<StorePath>, options?: PathLockOptions): Promise<PathLocks | undefined> {
    const wanted = [...paths];
    // A lock file is garbage to a collector that does not know that its path is wanted.
    await this.#context.addTempRoots(wanted);
    return await lockRealPaths(
      wanted.map((path) => this.#context.realPathOf(path)),
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

  /**
   * Registers paths that lie canonical and complete in the store directory, in one transaction. References
   * must be valid or among them. The caller holds their locks and temporary roots.
   */
  async register(infos: readonly PathInfo[]): Promise<void> {
    this.#context.checkWritable();
    if (this.#context.settings.autoOptimise)
      for (const { path } of infos) await optimiseTree(this.#context, this.#context.realPathOf(path));
    registerInPlace(this.#context, infos);
  }
}
