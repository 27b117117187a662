import { rm } from "node:fs/promises";
import { removeTree } from "#store/local/scratch.ts";

/** Folders of builds that have ended. They are removed beside the builds that go on: nobody waits for a disk. */
export class Trash {
  readonly #removals = new Set<Promise<void>>();

  /** Begins to remove files or trees, whatever their modes. */
  take(...places: readonly string[]): void {
    for (const place of places) {
      const removal = remove(place).finally(() => this.#removals.delete(removal));
      this.#removals.add(removal);
    }
  }

  /** Resolves when all that was taken is gone, or cannot be removed: then the next process tries again. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#removals]);
  }
}

async function remove(place: string): Promise<void> {
  try {
    await rm(place, { recursive: true, force: true });
  } catch {
    try {
      removeTree(place);
    } catch {
      // Its name says whose it was: what starts after our end removes it.
    }
  }
}
