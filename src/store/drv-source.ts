import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { ElsewhereError, LimitError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath } from "#nix/derivation-hash.ts";
import { DERIVATION_BYTES_MAX } from "#nix/drv-scanner.ts";
import { DerivationGraph } from "#nix/graph/derivation-graph.ts";
import { nameOf, parseStorePathBaseName, type StoreDir, type StorePath } from "#nix/store-path.ts";

/** Where `.drv` files are read from. */
export interface DrvSource {
  /** Throws `NO_SUCH_DERIVATION` where there is none. May answer at once: then nothing is awaited. */
  readDerivation(path: StorePath): Uint8Array | Promise<Uint8Array>;
}

/** A folder that holds `.drv` files under their base names: a store's own folder, or any other. */
export class FolderDrvSource implements DrvSource {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  readDerivation(path: StorePath): Buffer {
    return readDrvFile(`${this.#folder}/${path}`);
  }
}

/** A derivation that was read, and where it lies. */
export interface ReadDerivation {
  readonly path: StorePath;
  readonly derivation: Derivation;
  readonly contents: Uint8Array;
}

/** Reads and parses the derivation at `path` of a folder. */
export function readFolderDerivation(
  storeDir: StoreDir,
  source: FolderDrvSource,
  path: StorePath,
): ReadDerivation {
  const contents = source.readDerivation(path);
  return {
    path,
    contents,
    derivation: parseDerivation(storeDir, contents, nameOf(path).replace(/\.drv$/, "")),
  };
}

/** The derivation in a file that may lie anywhere, and the source of its inputs: the folder that it lies in. */
export function openDrvFile(storeDir: StoreDir, file: string): ReadDerivation & { source: DrvSource } {
  const contents = readDrvFile(resolve(file));
  const base = basename(file);
  const name = (STORE_BASE_NAME.test(base) ? nameOf(parseStorePathBaseName(base)) : base).replace(
    /\.drv$/,
    "",
  );
  const derivation = parseDerivation(storeDir, contents, name);
  const path = derivationPath(storeDir, derivation, contents);
  if (STORE_BASE_NAME.test(base) && base !== path)
    throw new ElsewhereError("WRONG_DERIVATION_PATH", `Cannot use '${file}': its contents make '${path}'`, {
      hint: "The file was changed or renamed after it was written. Evaluate it again.",
    });
  return { path, derivation, contents, source: new FolderDrvSource(dirname(resolve(file))) };
}

/** Reads `roots` and all derivations that they need, each once, as they are found. Lets other work run between. */
export async function* readDerivations(
  storeDir: StoreDir,
  source: DrvSource,
  roots: Iterable<StorePath>,
): AsyncGenerator<readonly ReadDerivation[], void, undefined> {
  const open = [...new Set(roots)];
  const seen = new Set(open);
  while (open.length > 0) {
    const batch: ReadDerivation[] = [];
    for (let path = open.pop(); path !== undefined; path = batch.length < BATCH ? open.pop() : undefined) {
      const read = source.readDerivation(path);
      const contents = read instanceof Uint8Array ? read : await read;
      const derivation = parseDerivation(storeDir, contents, nameOf(path).replace(/\.drv$/, ""));
      batch.push({ path, derivation, contents });
      for (const input of derivation.inputDerivations.keys())
        if (!seen.has(input)) {
          seen.add(input);
          open.push(input);
        }
    }
    yield batch;
    await setImmediate();
  }
}

/** The graph of `roots` and all that they need. */
export async function loadDerivationGraph(
  storeDir: StoreDir,
  source: DrvSource,
  roots: Iterable<StorePath>,
): Promise<DerivationGraph> {
  const graph = new DerivationGraph(storeDir);
  for await (const batch of readDerivations(storeDir, source, roots))
    for (const { path, derivation } of batch) graph.add(path, derivation);
  return graph;
}

function readDrvFile(file: string): Buffer {
  try {
    const handle = openSync(file, "r");
    try {
      return slab.read(handle, file);
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    if (cause instanceof ElsewhereError) throw cause;
    throw new ElsewhereError("NO_SUCH_DERIVATION", `Cannot read derivation '${file}'`, {
      cause,
      hint: "A derivation's inputs must lie beside it, or in the store. `nix-store -qR x.drv` lists them.",
    });
  }
}

/** Reads small files into shared memory, one after the other: one allocation and one read call for many. */
class Slab {
  #memory = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  read(handle: number, file: string): Buffer {
    if (SLAB_BYTES - this.#used < SMALL_BYTES) {
      this.#memory = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const length = readSync(handle, this.#memory, this.#used, SMALL_BYTES, 0);
    if (length === SMALL_BYTES) return readLarge(handle, file);
    this.#used += length;
    return this.#memory.subarray(this.#used - length, this.#used);
  }
}

function readLarge(handle: number, file: string): Buffer {
  const { size } = fstatSync(handle);
  if (size > DERIVATION_BYTES_MAX) throw new LimitError(`${file} (bytes)`, size, DERIVATION_BYTES_MAX);
  const contents = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < size) {
    const more = readSync(handle, contents, length, size - length, length);
    if (more === 0) break;
    length += more;
  }
  return contents.subarray(0, length);
}

const SLAB_BYTES = 1024 * 1024;
/** Files below this size, in bytes, share memory; nearly all are. */
const SMALL_BYTES = 64 * 1024;
const slab = new Slab();

/** Derivations read before other work may run. */
const BATCH = 256;
const STORE_BASE_NAME = /^[0-9a-df-np-sv-z]{32}-.+\.drv$/;
