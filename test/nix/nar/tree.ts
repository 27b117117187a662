import { Buffer } from "node:buffer";
import fc from "fast-check";
import { compareText, decodeText, encodeText } from "#base/text.ts";
import type { NarVisitor } from "#nix/nar/visitor.ts";

/** A small tree as a literal; contents and names are texts of `base/text.ts`. */
export type Tree =
  | { executable: boolean; text: string }
  | { target: string }
  | { entries: { [name: string]: Tree } };

/** Shows a tree to a visitor, sorted. */
export function visitTree(tree: Tree, visitor: NarVisitor, name = ""): void {
  if ("target" in tree) visitor.symlink(name, tree.target);
  else if ("text" in tree) {
    const bytes = encodeText(tree.text);
    visitor.beginFile(name, { executable: tree.executable, size: bytes.length });
    visitor.contents(bytes);
    visitor.endFile();
  } else {
    visitor.enterDirectory(name);
    for (const child of Object.keys(tree.entries).sort(compareText))
      visitTree(tree.entries[child]!, visitor, child);
    visitor.leaveDirectory();
  }
}

/** Builds a tree from what it is shown. */
export class TreeBuilder implements NarVisitor {
  root: Tree | undefined;
  readonly #open: { [name: string]: Tree }[] = [];
  #name = "";
  #executable = false;
  #chunks: Buffer[] = [];

  enterDirectory(name: string): void {
    const entries = {};
    this.#add(name, { entries });
    this.#open.push(entries);
  }
  leaveDirectory(): void {
    this.#open.pop();
  }
  beginFile(name: string, { executable }: { executable: boolean }): void {
    this.#name = name;
    this.#executable = executable;
    this.#chunks = [];
  }
  contents(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk));
  }
  endFile(): void {
    this.#add(this.#name, { executable: this.#executable, text: decodeText(Buffer.concat(this.#chunks)) });
  }
  symlink(name: string, target: string): void {
    this.#add(name, { target });
  }
  #add(name: string, tree: Tree): void {
    const directory = this.#open.at(-1);
    if (directory)
      Object.defineProperty(directory, name, {
        value: tree,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else this.root = tree;
  }
}

const bytesText = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => decodeText(bytes));
const name = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).map((text) => decodeText(encodeText(text))),
    bytesText(1, 12),
  )
  .filter(
    (text) => text !== "" && text !== "." && text !== ".." && !/[/\0]/.test(text) && text !== "__proto__",
  );
const target = bytesText(1, 30).filter((text) => !text.includes("\0"));

/** Any tree of a few levels, with names that are not UTF-8. */
export const arbitraryTree: fc.Arbitrary<Tree> = fc.letrec<{
  tree: Tree;
  directory: Tree;
  file: Tree;
  link: Tree;
}>((tie) => ({
  file: fc.record({ executable: fc.boolean(), text: bytesText(0, 40) }, { noNullPrototype: true }),
  link: fc.record({ target }, { noNullPrototype: true }),
  directory: fc.array(fc.tuple(name, tie("tree")), { maxLength: 5 }).map((pairs) => {
    const sorted = [...new Map(pairs)].sort(([a], [b]) => compareText(a, b));
    return { entries: Object.fromEntries(sorted) };
  }),
  tree: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("file"), tie("link"), tie("directory")),
})).tree;
