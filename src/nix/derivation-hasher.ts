import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "./derivation.ts";
import {
  checkOutputPaths,
  derivationPath,
  type HashOptions,
  hashInputs,
  hashModulo,
  type ModuloHash,
} from "./derivation-hash.ts";
import { inputsFirst } from "./graph/inputs-first.ts";
import type { StoreDir, StorePath } from "./store-path.ts";

/** Remembers the modulo hashes of a whole graph. */
export class DerivationHasher {
  readonly #storeDir: StoreDir;
  readonly #read: (path: StorePath) => { readonly derivation: Derivation };
  readonly #known = new Map<StorePath, ModuloHash>();

  /** `read` gives the derivation at a path; it is asked once for each that was not added before. */
  constructor(storeDir: StoreDir, read: (path: StorePath) => Derivation | undefined = () => undefined) {
    this.#storeDir = storeDir;
    this.#read = (path) => {
      const derivation = read(path);
      if (derivation) return { derivation };
      throw new ElsewhereError("NO_SUCH_DERIVATION", `Cannot hash '${path}': it cannot be read`);
    };
  }

  /** The hash of the derivation at `path`, as an input of others. */
  readonly hashOf = (path: StorePath): ModuloHash => {
    const known = this.#known.get(path);
    if (known) return known;
    for (const [input, { derivation }] of inputsFirst([path], this.#read, this.#known))
      this.add(input, derivation);
    return this.#known.get(path)!;
  };

  /** Tells the hasher what lies at `path`. Returns its hash. */
  add(path: StorePath, drv: Derivation, options: HashOptions = {}): ModuloHash {
    const hash = hashModulo(this.#storeDir, drv, this.hashOf, options);
    this.#known.set(path, hash);
    return hash;
  }

  /** As `add`, after a check of the path and of every output path. `contents` are the bytes of the file. */
  verify(path: StorePath, drv: Derivation, contents: Uint8Array): ModuloHash {
    const right = derivationPath(this.#storeDir, drv, contents);
    if (right !== path)
      throw new ElsewhereError("WRONG_DERIVATION_PATH", `Cannot use '${path}': its contents make '${right}'`);
    const options = { contents, hashedInputs: hashInputs(drv, this.hashOf) };
    checkOutputPaths(this.#storeDir, drv, this.hashOf, options);
    return this.add(path, drv, options);
  }
}
