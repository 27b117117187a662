import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBytes } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { decodeNar } from "#nix/nar/decode-nar.ts";
import { words } from "#nix/nar/grammar.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";
import { arbitraryTree, type Tree, TreeBuilder, visitTree } from "./tree.ts";

const golden = `${sharedDir}/vectors/golden`;

function unpack(nar: Uint8Array): { tree: Tree; rest: Buffer } {
  const builder = new TreeBuilder();
  const { rest } = decodeBytes(decodeNar(builder), nar, "the NAR");
  return { tree: builder.root!, rest };
}

function pack(tree: Tree, chunkBytes?: number): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(chunk), chunkBytes);
  visitTree(tree, writer);
  writer.flush();
  return Buffer.concat(chunks);
}

test("a NAR is what its words say, one by one", () => {
  const tree: Tree = {
    entries: { bin: { entries: { sh: { target: "dash" } } }, x: { executable: true, text: "hi" } },
  };
  const nar = words(
    ...["nix-archive-1", "(", "type", "directory"],
    ...["entry", "(", "name", "bin", "node", "(", "type", "directory"],
    ...["entry", "(", "name", "sh", "node", "(", "type", "symlink", "target", "dash", ")", ")"],
    ...[")", ")"],
    ...["entry", "(", "name", "x", "node"],
    ...["(", "type", "regular", "executable", "", "contents", "hi", ")", ")"],
    ")",
  );
  assert.deepEqual(unpack(nar).tree, tree);
  assert.deepEqual(pack(tree), nar);
});

test("any tree survives writing and reading, whatever the size of chunks", () => {
  fc.assert(
    fc.property(arbitraryTree, fc.integer({ min: 8, max: 300 }), (tree, chunkBytes) => {
      const nar = pack(tree);
      assert.deepEqual(pack(tree, chunkBytes), nar);
      const { tree: back, rest } = unpack(nar);
      assert.deepEqual(back, tree);
      assert.equal(rest.length, 0);
    }),
    { numRuns: 200 },
  );
});

test("every proper prefix of a NAR ends early", () => {
  const nar = pack({ entries: { a: { executable: false, text: "12345" }, b: { target: "a" } } });
  for (let size = 0; size < nar.length; size++)
    assert.throws(() => unpack(nar.subarray(0, size)), { code: "END_OF_INPUT" });
});

test("a NAR with any one byte changed is refused or is another NAR in full", () => {
  const nar = pack({
    entries: { a: { executable: true, text: "12345" }, b: { target: "a" }, c: { entries: {} } },
  });
  fc.assert(
    fc.property(fc.nat(nar.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(nar);
      changed[at]! ^= flip;
      try {
        const { tree, rest } = unpack(changed);
        assert.deepEqual(Buffer.concat([pack(tree), rest]), changed);
      } catch (error) {
        assert.ok(error instanceof ElsewhereError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("random bytes after a good beginning never do more than fail", () => {
  const vocabulary = [
    "(",
    ")",
    "type",
    "regular",
    "executable",
    "",
    "contents",
    "symlink",
    "target",
    "directory",
  ];
  const word = fc.constantFrom(...vocabulary, "entry", "name", "node", "a", "b", "..", ".", "x/y", "\0");
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (found) => {
      try {
        const nar = words("nix-archive-1", "(", "type", ...found);
        const { tree, rest } = unpack(nar);
        assert.deepEqual(Buffer.concat([pack(tree), rest]), nar);
      } catch (error) {
        assert.ok(error instanceof ElsewhereError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

const directory = ["nix-archive-1", "(", "type", "directory"];
const file = ["node", "(", "type", "regular", "contents", "", ")", ")"];
const entry = (name: string) => ["entry", "(", "name", name, ...file];

for (const name of ["", ".", "..", "a/b", "/", "a\0b"])
  test(`the name ${JSON.stringify(name)} is refused`, () => {
    assert.throws(() => unpack(words(...directory, ...entry(name), ")")), /file name/);
  });

test("names that are not sorted, or come twice, are refused", () => {
  assert.throws(() => unpack(words(...directory, ...entry("b"), ...entry("a"), ")")), /not sorted/);
  assert.throws(() => unpack(words(...directory, ...entry("a"), ...entry("a"), ")")), /not sorted/);
});

test("names are ordered by their bytes and not by their UTF-16", () => {
  const nar = words(...directory, ...entry("\uffee"), ...entry("\u{10000}"), ")");
  assert.deepEqual(Object.keys((unpack(nar).tree as { entries: object }).entries), ["\uffee", "\u{10000}"]);
});

test("a name of 255 bytes is accepted and one of 256 is not", () => {
  assert.ok(unpack(words(...directory, ...entry("x".repeat(255)), ")")));
  assert.throws(() => unpack(words(...directory, ...entry("x".repeat(256)), ")")), { code: "LIMIT" });
});

test("a target that is empty or longer than a path can be is refused", () => {
  const link = (target: string) => words("nix-archive-1", "(", "type", "symlink", "target", target, ")");
  assert.ok(unpack(link("x".repeat(4095))));
  assert.throws(() => unpack(link("x".repeat(4096))), { code: "LIMIT" });
  assert.throws(() => unpack(link("")), { code: "MALFORMED" });
});

test("directories a hundred thousand deep are refused at a bound, not by the stack", () => {
  const one = words("entry", "(", "name", "a", "node", "(", "type", "directory");
  const bomb = Buffer.concat([words(...directory), ...Array<Buffer>(100_000).fill(one)]);
  assert.throws(() => unpack(bomb), { code: "LIMIT" });
});

test("a length beyond what a number holds is refused", () => {
  const nar = words("nix-archive-1", "(", "type", "regular", "contents", "");
  nar.fill(0xff, nar.length - 8);
  assert.throws(() => unpack(nar), { code: "LIMIT" });
});

const GOLDEN: Record<string, RegExp | undefined> = {
  "dot.nar": /file name/,
  "dotdot.nar": /file name/,
  "empty.nar": /file name/,
  "nul-character.nar": /file name/,
  "slash.nar": /file name/,
  "executable-after-contents.nar": /want/,
  "invalid-tag-instead-of-contents.nar": /contents/,
  "name-after-node.nar": /want/,
  "regular-one-byte-non-zero-padding.nar": /non-zero padding/,
  "regular-one-byte-zero-padding.nar": undefined,
  "regular-truncated-large-contents.nar": /above the limit/,
  "regular-truncated-padding.nar": /ended early/,
};

test("the reference implementation's NARs are read, or refused, as it does", { skip: withoutShared }, () => {
  const names = readdirSync(`${golden}/libutil/nars`).sort();
  assert.deepEqual(names, Object.keys(GOLDEN).sort());
  for (const name of names) {
    const nar = readFileSync(`${golden}/libutil/nars/${name}`);
    const why = GOLDEN[name];
    if (why) assert.throws(() => unpack(nar), why, name);
    else assert.equal(unpack(nar).rest.length, 0, name);
  }
});

test("its other NARs are read and written again byte for byte", { skip: withoutShared }, () => {
  const valid = ["functional/case.nar", "functional/case-collision.nar", "functional/unnormalized.nar"];
  for (const seed of ["empty-dir", "empty-subdir", "simple", "case"])
    valid.push(`fuzz-seeds/libutil/nars/${seed}.nar`);
  for (const path of valid) {
    const nar = readFileSync(`${golden}/${path}`);
    const { tree, rest } = unpack(nar);
    assert.deepEqual(Buffer.concat([pack(tree), rest]), nar, path);
  }
  assert.throws(() => unpack(readFileSync(`${golden}/functional/duplicate.nar`)), /not sorted/);
});

test("a writer refuses names out of order and files of another size", () => {
  const fresh = () => new NarWriter(() => undefined);
  const order = fresh();
  order.enterDirectory("");
  order.symlink("b", "x");
  assert.throws(() => order.symlink("a", "x"), /not sorted/);
  const long = fresh();
  long.beginFile("", { executable: false, size: 1 });
  assert.throws(() => long.contents(Buffer.from("ab")), { code: "NAR_FILE_SIZE" });
  const short = fresh();
  short.beginFile("", { executable: false, size: 3 });
  assert.throws(() => short.endFile(), { code: "NAR_FILE_SIZE" });
});
