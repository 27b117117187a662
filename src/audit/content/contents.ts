import type { StorePath } from "#nix/store-path.ts";
import { type Binary, describeBinary } from "../format/binary.ts";

/** Files of one kind in one store path. */
export interface BinaryGroup {
  readonly binary: Binary;
  readonly place: Place;
  /** Below the store path, of the first of them: `bin/hello`; empty for a store path that is a file. */
  readonly file: string;
  count: number;
}

/** What a file's place says of its use. */
export type Place =
  /** Where programs are started from. */
  | "program"
  /** Where what programs load lies. */
  | "library"
  /** Data, or in a folder that is named for another platform. */
  | "data";

/** How a store path names another. */
export interface ContentLink {
  readonly target: StorePath;
  readonly kind: "symlink" | "interpreter";
  /** The file that does it, and whether programs are started from where it lies. */
  readonly file: string;
  readonly place: Place;
}

/** What was found in one store path. */
export class Contents {
  files = 0;
  readonly #groups = new Map<string, BinaryGroup>();
  readonly #links = new Map<string, ContentLink>();

  get groups(): Iterable<BinaryGroup> {
    return this.#groups.values();
  }

  get links(): Iterable<ContentLink> {
    return this.#links.values();
  }

  addBinary(binary: Binary, place: Place, file: string): void {
    const key = `${place} ${binary.kind} ${describeBinary(binary)}`;
    const group = this.#groups.get(key);
    if (group) group.count++;
    else if (this.#groups.size < GROUPS_MAX) this.#groups.set(key, { binary, place, file, count: 1 });
  }

  /** Keeps one link to each store path: the one that starts a program, where there is one. */
  addLink(link: ContentLink): void {
    const known = this.#links.get(link.target);
    if (known && (known.place === "program" || link.place !== "program")) return;
    if (known || this.#links.size < LINKS_MAX) this.#links.set(link.target, link);
  }
}

/** Kinds of binaries that are told apart in one store path. */
const GROUPS_MAX = 256;
/** Store paths that one refers to by links. */
const LINKS_MAX = 100_000;
