import { readFileSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { realisationHash } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { staticOutputPath } from "#nix/derivation-output.ts";
import type { Hash } from "#nix/hash.ts";
import { nameOf, printStorePath, type StorePath } from "#nix/store-path.ts";
import type { LocalStore } from "#store/local/local-store.ts";

/** The derivations of a store, read once each, and what their outputs are as far as the store knows. */
export class DerivationGraph {
  readonly #store: LocalStore;
  readonly #read = new Map<StorePath, Derivation>();
  readonly #built = new Map<StorePath, ReadonlyMap<string, StorePath>>();
  readonly #substitutes: boolean;
  readonly #hasher: DerivationHasher;

  constructor(store: LocalStore, { substitutes = false }: { substitutes?: boolean } = {}) {
    this.#store = store;
    this.#substitutes = substitutes;
    this.#hasher = new DerivationHasher(store.storeDir, (path) => this.derivation(path));
  }

  /** Throws when it is not valid or no derivation. */
  derivation(path: StorePath): Derivation {
    const known = this.#read.get(path);
    if (known) return known;
    const text = readDerivation(this.#store, path);
    const derivation = parseDerivation(this.#store.storeDir, text, nameOf(path).replace(/\.drv$/, ""));
    this.#read.set(path, derivation);
    return derivation;
  }

  print(path: StorePath): string {
    return printStorePath(this.#store.storeDir, path);
  }

  /** Under which realisations of the derivation's outputs are known. */
  drvHash(path: StorePath): Hash {
    return realisationHash(this.#store.storeDir, this.derivation(path), this.#hasher.hashOf);
  }

  /** Paths of its outputs by name, as far as they are known without building. */
  async outputs(drvPath: StorePath): Promise<Map<string, StorePath | undefined>> {
    const derivation = this.derivation(drvPath);
    const paths = new Map<string, StorePath | undefined>();
    for (const [outputName, output] of derivation.outputs) {
      const place = { storeDir: this.#store.storeDir, drvName: derivation.name, outputName };
      paths.set(outputName, staticOutputPath(output, place) ?? (await this.#realised(drvPath, outputName)));
    }
    return paths;
  }

  /** Remembers what a build made, also where no store may: outputs of impure derivations are good for one request. */
  noteBuilt(drvPath: StorePath, outputs: ReadonlyMap<string, StorePath>): void {
    this.#built.set(drvPath, outputs);
  }

  async #realised(drvPath: StorePath, outputName: string): Promise<StorePath | undefined> {
    const built = this.#built.get(drvPath)?.get(outputName);
    if (built) return built;
    if (this.derivation(drvPath).outputs.get(outputName)?.kind === "impure") return undefined;
    const id = { drvHash: this.drvHash(drvPath), outputName };
    const known = await this.#store.queryRealisation(id);
    if (known || !this.#substitutes) return known?.outPath;
    return (await this.#store.querySubstitutableRealisation(id))?.outPath;
  }
}

function readDerivation(store: LocalStore, path: StorePath): Buffer {
  try {
    return readFileSync(store.realPathOf(path));
  } catch (cause) {
    throw new ElsewhereError(
      "NO_SUCH_DERIVATION",
      `Cannot build '${printStorePath(store.storeDir, path)}': it is not in the store`,
      {
        cause,
        hint: "Copy it there: elsewhere copy --derivation",
      },
    );
  }
}
