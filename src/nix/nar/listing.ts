import type { Decoding } from "#base/decoding.ts";
import { ElsewhereError } from "#base/errors.ts";
import { decodeNar } from "./decode-nar.ts";
import type { NarFile, NarVisitor } from "./visitor.ts";

/** What a NAR holds, without contents. Maps iterate in the NAR's order. */
export type NarListing =
  | {
      readonly type: "regular";
      readonly executable: boolean;
      readonly size: number;
      /** Where the contents begin in the NAR, in bytes. */
      readonly narOffset?: number;
    }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "directory"; readonly entries: ReadonlyMap<string, NarListing> };

/** Reads the listing of one NAR, contents passed over. */
export function* decodeNarListing(): Decoding<NarListing> {
  const builder = new ListingBuilder();
  yield* decodeNar(builder);
  return builder.root!;
}

/** The object at a path such as `/bin/x` within a listing; `/` or nothing is the root. */
export function findInListing(root: NarListing, path: string): NarListing | undefined {
  let found: NarListing | undefined = root;
  for (const name of path.split("/").filter((part) => part !== ""))
    found = found?.type === "directory" ? found.entries.get(name) : undefined;
  return found;
}

/**
 * The JSON that `nix nar ls --json` prints. Without `recursive` a directory's entries are only named,
 * as empty objects.
 */
export function listingToJson(root: NarListing, { recursive = true } = {}): unknown {
  const done = new Map<NarListing, unknown>();
  for (const listing of childrenFirst(root, recursive)) done.set(listing, shallowJson(listing, done));
  return done.get(root);
}

/** Every listing below `root`, each after all that it holds: a NAR may be deeper than the call stack. */
function childrenFirst(root: NarListing, recursive: boolean): NarListing[] {
  const order = [root];
  if (recursive)
    for (let i = 0; i < order.length; i++) {
      const listing = order[i]!;
      if (listing.type === "directory") for (const child of listing.entries.values()) order.push(child);
    }
  return order.reverse();
}

function shallowJson(listing: NarListing, done: ReadonlyMap<NarListing, unknown>): unknown {
  switch (listing.type) {
    case "regular": {
      const { executable, size, narOffset } = listing;
      return {
        ...(executable && { executable }),
        ...(narOffset ? { narOffset } : {}),
        size,
        type: "regular",
      };
    }
    case "symlink":
      return { target: listing.target, type: "symlink" };
    case "directory": {
      const entries = [...listing.entries].map(([name, child]) => [name, done.get(child) ?? {}]);
      return { entries: Object.fromEntries(entries), type: "directory" };
    }
  }
}

/** Builds a listing of the NAR that it is shown. */
export class ListingBuilder implements NarVisitor {
  root: NarListing | undefined;
  readonly #open: Map<string, NarListing>[] = [];
  #count = 0;

  enterDirectory(name: string): void {
    const entries = new Map<string, NarListing>();
    this.#add(name, { type: "directory", entries });
    this.#open.push(entries);
  }

  leaveDirectory(): void {
    this.#open.pop();
  }

  beginFile(name: string, { executable, size, offset }: NarFile): void {
    this.#add(name, {
      type: "regular",
      executable,
      size,
      ...(offset !== undefined && { narOffset: offset }),
    });
  }

  contents(): void {}

  endFile(): void {}

  symlink(name: string, target: string): void {
    this.#add(name, { type: "symlink", target });
  }

  #add(name: string, listing: NarListing): void {
    if (++this.#count > LISTING_ENTRIES_MAX)
      throw new ElsewhereError("LIMIT", `Cannot list a NAR of more than ${LISTING_ENTRIES_MAX} files`);
    const directory = this.#open.at(-1);
    if (directory) directory.set(name, listing);
    else this.root = listing;
  }
}

/** Most files and directories in a listing, which is held in memory. */
const LISTING_ENTRIES_MAX = 10_000_000;
