import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { posix } from "node:path";

/** Follows symbolic links as a process would that sees the store at its logical place, whatever its place on disk. */
export class StoreView {
  readonly #realPathOf: (path: string) => string;
  /** How many pieces the store folder has, the empty one before its first slash included. */
  readonly #storeDepth: number;

  /** `realPathOf` throws for what may not be looked at. */
  constructor(storeDir: string, realPathOf: (path: string) => string) {
    this.#storeDepth = storeDir.split("/").length;
    this.#realPathOf = realPathOf;
  }

  /** What a path leads to; undefined where it leads nowhere. */
  resolve(path: string): { readonly path: string; readonly real: string } | undefined {
    let waiting = posix.normalize(path).split("/").filter(Boolean);
    let at = "";
    for (let links = 0; waiting.length > 0; ) {
      const next = `${at}/${waiting[0]}`;
      const target = this.#linkAt(next);
      if (target === "nothing") return undefined;
      waiting = waiting.slice(1);
      if (target === undefined) at = next;
      else {
        if (++links > LINKS_MAX) return undefined;
        waiting = [...posix.resolve(at, target).split("/").filter(Boolean), ...waiting];
        at = "";
      }
    }
    const real = this.#real(at);
    return real === undefined ? undefined : { path: at, real };
  }

  /** The target of a symbolic link; undefined for anything else, and for the folders above the store. */
  #linkAt(path: string): string | "nothing" | undefined {
    if (path.split("/").length <= this.#storeDepth) return undefined;
    const real = this.#real(path);
    const stats = real === undefined ? undefined : statsOf(real);
    if (!stats) return "nothing";
    return stats.isSymbolicLink() ? readlinkSync(real!) : undefined;
  }

  #real(path: string): string | undefined {
    try {
      return this.#realPathOf(path);
    } catch {
      return undefined;
    }
  }
}

/** Undefined where nothing is, and below a file. */
function statsOf(real: string): Stats | undefined {
  try {
    return lstatSync(real, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** As the kernel's. */
const LINKS_MAX = 40;
