import { ByteReader, type ByteSource } from "#base/byte-reader.ts";
import { decodeNar } from "#nix/nar/decode-nar.ts";
import type { NarFile, NarVisitor } from "#nix/nar/visitor.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import { HEAD_BYTES } from "../format/read-binary.ts";
import { ContentScanner } from "./content-scanner.ts";
import { Contents } from "./contents.ts";

/** Looks into a store path as its NAR streams by: of each file no more than its beginning is kept. */
export async function scanNar(path: StorePath, nar: ByteSource, storeDir: StoreDir): Promise<Contents> {
  const contents = new Contents();
  await new ByteReader(nar, path).read(decodeNar(new NarScanner(new ContentScanner(storeDir, contents))));
  return contents;
}

class NarScanner implements NarVisitor {
  readonly #scanner: ContentScanner;
  readonly #folders: string[] = [];
  readonly #head = new Uint8Array(HEAD_BYTES);
  #length = 0;
  #file = "";
  #about: NarFile = { executable: false, size: 0 };

  constructor(scanner: ContentScanner) {
    this.#scanner = scanner;
  }

  enterDirectory(name: string): void {
    this.#folders.push(name === "" ? "" : `${this.#folders.at(-1) ?? ""}${name}/`);
  }

  leaveDirectory(): void {
    this.#folders.pop();
  }

  beginFile(name: string, file: NarFile): void {
    this.#file = this.#at(name);
    this.#about = file;
    this.#length = 0;
  }

  contents(chunk: Uint8Array): void {
    const room = HEAD_BYTES - this.#length;
    if (room === 0) return;
    const piece = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#head.set(piece, this.#length);
    this.#length += piece.length;
  }

  endFile(): void {
    this.#scanner.file(this.#file, this.#about, this.#head.subarray(0, this.#length));
  }

  symlink(name: string, target: string): void {
    this.#scanner.symlink(this.#at(name), target);
  }

  #at(name: string): string {
    return `${this.#folders.at(-1) ?? ""}${name}`;
  }
}
