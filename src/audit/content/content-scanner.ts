import { parseInStore, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { Binary } from "../format/binary.ts";
import { readBinary } from "../format/read-binary.ts";
import type { Contents } from "./contents.ts";
import { placeOf } from "./place.ts";

/** Takes the files of one store path as they are met, and notes what matters in `contents`. */
export class ContentScanner {
  readonly #storeDir: StoreDir;
  readonly #contents: Contents;

  constructor(storeDir: StoreDir, contents: Contents) {
    this.#storeDir = storeDir;
    this.#contents = contents;
  }

  /** `head`: its first bytes, as many as `HEAD_BYTES` where there are so many. */
  file(
    file: string,
    { executable, size }: { readonly executable: boolean; readonly size: number },
    head: Uint8Array,
  ): void {
    this.#contents.files++;
    const binary = readBinary(head, size);
    if (!binary) return;
    const place = placeOf(file, { executable, binary });
    if (binary.machines.length > 0) this.#contents.addBinary(binary, place, file);
    const { interpreter } = binary;
    if (interpreter === undefined || !executable) return;
    const target = this.#storePathIn(interpreter);
    if (target) this.#contents.addLink({ target, kind: "interpreter", file, place });
  }

  symlink(file: string, to: string): void {
    const target = this.#storePathIn(to);
    if (!target) return;
    const place = placeOf(file, { executable: true, binary: LINKED });
    this.#contents.addLink({ target, kind: "symlink", file, place });
  }

  #storePathIn(text: string): StorePath | undefined {
    if (!text.startsWith(`${this.#storeDir}/`)) return undefined;
    try {
      return parseInStore(this.#storeDir, text).path;
    } catch {
      return undefined;
    }
  }
}

/** What a link leads to is not looked at here: it lies in another store path. */
const LINKED: Binary = { format: "script", kind: "script", machines: [] };
