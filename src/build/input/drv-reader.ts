import { readFileSync } from "node:fs";
import { ByteReader } from "#base/byte-reader.ts";
import { LimitError } from "#base/errors.ts";
import { DERIVATION_BYTES_MAX } from "#nix/drv-scanner.ts";
import { decodeNar } from "#nix/nar/decode-nar.ts";
import type { NarFile, NarVisitor } from "#nix/nar/visitor.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { LocalStore } from "#store/local/local-store.ts";
import type { Store } from "#store/store.ts";
import type { DrvReader } from "./load-graph.ts";

/** Reads `.drv` files of a store: from disk where they lie there, else as NARs. */
export function drvReader(store: Store): DrvReader {
  return (path) => readHere(store, path) ?? readNar(store, path);
}

function readHere(store: Store, path: StorePath): Uint8Array | undefined {
  const file = store instanceof LocalStore ? store.realPathOf(path) : printStorePath(store.storeDir, path);
  // A daemon's store lies on this disk too; a remote one's usually does not.
  if (!(store instanceof LocalStore) && !/^(daemon|unix)/.test(store.uri)) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function readNar(store: Store, path: StorePath): Promise<Uint8Array | undefined> {
  if (!(await store.queryValidPaths([path])).has(path)) return undefined;
  const text = new SingleFile(path);
  await new ByteReader(store.narFromPath(path), path).read(decodeNar(text));
  return text.contentsRead;
}

/** Takes the one file that a `.drv`'s NAR holds. */
class SingleFile implements NarVisitor {
  readonly #chunks: Buffer[] = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  get contentsRead(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  beginFile(_name: string, { size }: NarFile): void {
    if (size > DERIVATION_BYTES_MAX)
      throw new LimitError(`${this.#name} (bytes)`, size, DERIVATION_BYTES_MAX);
  }

  contents(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  endFile(): void {}
  enterDirectory(): void {}
  leaveDirectory(): void {}
  symlink(): void {}
}
