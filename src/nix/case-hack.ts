import { ElsewhereError } from "#base/errors.ts";

/**
 * On a file system that ignores case, names of a directory that differ in case alone get a suffix.
 * Source: Nix, `use-case-hack`.
 */
export const CASE_HACK_SUFFIX = "~nix~case~hack~";

/** The name that a file on disk has in a NAR. */
export function withoutCaseHack(name: string): string {
  const at = name.indexOf(CASE_HACK_SUFFIX);
  return at < 0 ? name : name.slice(0, at);
}

/** Finds, for the names of one directory in order, the names that they have on disk. */
export class CaseHack {
  /** How often a name came, by the name in lower case. */
  readonly #seen = new Map<string, number>();

  nameOnDisk(name: string): string {
    const folded = foldCase(name);
    const times = this.#seen.get(folded);
    if (times === undefined) {
      this.#seen.set(folded, 0);
      return name;
    }
    this.#seen.set(folded, times + 1);
    const hacked = `${name}${CASE_HACK_SUFFIX}${times + 1}`;
    if (this.#seen.has(foldCase(hacked)))
      throw new ElsewhereError("CASE_COLLISION", `Cannot unpack '${name}': '${hacked}' is there already`);
    return hacked;
  }
}

// As strcasecmp does: ASCII alone.
function foldCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
