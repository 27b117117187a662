import { LimitError, MalformedError } from "#base/errors.ts";
import { compareText, textByteLength } from "#base/text.ts";
import { NAR_DEPTH_MAX, NAR_NAME_BYTES_MAX } from "./grammar.ts";

/** Watches that names are fit for a file system, sorted and unique within each open directory. */
export class EntryOrder {
  readonly #lastNames: string[] = [];

  /** Directories that are open. */
  get depth(): number {
    return this.#lastNames.length;
  }

  enter(): void {
    if (this.#lastNames.length >= NAR_DEPTH_MAX)
      throw new LimitError("a NAR's depth", this.#lastNames.length + 1, NAR_DEPTH_MAX);
    this.#lastNames.push("");
  }

  leave(): void {
    this.#lastNames.pop();
  }

  /** Takes the next name of the innermost open directory. */
  next(name: string): void {
    checkEntryName(name);
    const last = this.#lastNames.length - 1;
    if (compareText(name, this.#lastNames[last]!) <= 0)
      throw new MalformedError("NAR", name, "the names of a directory are not sorted, or not unique");
    this.#lastNames[last] = name;
  }
}

/** Throws unless `name` may name an entry of a directory. */
export function checkEntryName(name: string): void {
  if (name === "" || name === "." || name === ".." || FORBIDDEN.test(name))
    throw new MalformedError(
      "NAR",
      name,
      "it holds a file name that is empty, '.', '..' or has a slash or NUL",
    );
  if (name.length * 3 > NAR_NAME_BYTES_MAX && textByteLength(name) > NAR_NAME_BYTES_MAX)
    throw new LimitError("a file name in a NAR, in bytes", textByteLength(name), NAR_NAME_BYTES_MAX);
}

const FORBIDDEN = /[/\0]/;
