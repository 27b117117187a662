import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "./derivation.ts";
import { hashModulo, type ModuloHash } from "./derivation-hash.ts";
import type { StoreDir, StorePath } from "./store-path.ts";

/** Remembers the modulo hashes of a whole graph. Walks with a stack of its own: chains may be long. */
export class DerivationHasher {
  readonly #storeDir: StoreDir;
  readonly #read: (path: StorePath) => Derivation | undefined;
  readonly #known = new Map<StorePath, ModuloHash>();

  /** `read` gives the derivation at a path; it is asked once for each. */
  constructor(storeDir: StoreDir, read: (path: StorePath) => Derivation | undefined = () => undefined) {
    this.#storeDir = storeDir;
    this.#read = read;
  }

  /** The hash of the derivation at `path`, as an input of others. */
  readonly hashOf = (path: StorePath): ModuloHash => {
    return this.#known.get(path) ?? this.#walk(path);
  };

  /** Tells the hasher what lies at `path`, after all its inputs. Returns its hash. */
  add(path: StorePath, drv: Derivation): ModuloHash {
    const hash = hashModulo(this.#storeDir, drv, this.hashOf);
    this.#known.set(path, hash);
    return hash;
  }

  #walk(root: StorePath): ModuloHash {
    const open = new Map<StorePath, Derivation>();
    const stack = [root];
    while (stack.length > 0) {
      const path = stack.at(-1)!;
      const drv = open.get(path);
      if (this.#known.has(path)) stack.pop();
      else if (drv) {
        this.add(path, drv);
        open.delete(path);
        stack.pop();
      } else stack.push(...this.#enter(path, open));
    }
    return this.#known.get(root)!;
  }

  /** The inputs of `path` that must be hashed before it. */
  #enter(path: StorePath, open: Map<StorePath, Derivation>): StorePath[] {
    const drv = this.#read(path);
    if (!drv) throw new ElsewhereError("NO_SUCH_DERIVATION", `Cannot hash '${path}': it cannot be read`);
    open.set(path, drv);
    const missing = [...drv.inputDerivations.keys()].filter((input) => !this.#known.has(input));
    const cyclic = missing.find((input) => open.has(input));
    if (cyclic)
      throw new ElsewhereError(
        "DERIVATION_CYCLE",
        `Cannot hash '${path}': it and '${cyclic}' need each other`,
      );
    return missing;
  }
}
