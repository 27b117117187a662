import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeBytes } from "#base/byte-reader.ts";
import { decodeNarListing, findInListing, listingToJson } from "#nix/nar/listing.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";
import { type Tree, visitTree } from "./tree.ts";

function list(tree: Tree) {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(chunk));
  visitTree(tree, writer);
  writer.flush();
  return decodeBytes(decodeNarListing(), Buffer.concat(chunks)).value;
}

const TREE: Tree = {
  entries: {
    a: { executable: false, text: "hi\n" },
    b: { entries: { x: { executable: true, text: "#!/bin/sh\n" } } },
    l: { target: "nowhere" },
  },
};

test("a listing prints as `nix nar ls --json` prints it", () => {
  assert.equal(
    JSON.stringify(listingToJson(list(TREE))),
    '{"entries":{"a":{"narOffset":232,"size":3,"type":"regular"},"b":{"entries":{"x":{"executable":true,"narOffset":592,"size":10,"type":"regular"}},"type":"directory"},"l":{"target":"nowhere","type":"symlink"}},"type":"directory"}',
  );
  assert.equal(
    JSON.stringify(listingToJson(list(TREE), { recursive: false })),
    '{"entries":{"a":{},"b":{},"l":{}},"type":"directory"}',
  );
});

test("a path finds its object in a listing, or nothing", () => {
  const root = list(TREE);
  assert.equal(findInListing(root, "/"), root);
  assert.equal(findInListing(root, "b/x")?.type, "regular");
  assert.equal(findInListing(root, "/b/x/y"), undefined);
  assert.equal(findInListing(root, "/c"), undefined);
});

test("the reference implementation's listing of the same tree agrees", { skip: withoutShared }, () => {
  const golden = (name: string) =>
    JSON.parse(readFileSync(`${sharedDir}/vectors/golden/libutil/nar-listing/${name}.json`, "utf8"));
  const root = list({
    entries: {
      bar: { entries: { baz: { executable: true, text: "x".repeat(19) }, quux: { target: "/over/there" } } },
      foo: { executable: false, text: "x".repeat(15) },
    },
  });
  // It lists a tree in memory, which has no offsets, and newer ones say when a file is not executable.
  const comparable = JSON.parse(JSON.stringify(golden("deep")), (key, value) =>
    key === "executable" && value === false ? undefined : value,
  );
  const found = JSON.parse(JSON.stringify(listingToJson(root)), (key, value) =>
    key === "narOffset" ? undefined : value,
  );
  assert.deepEqual(found, comparable);
  assert.deepEqual(listingToJson(root, { recursive: false }), golden("shallow"));
});

test("a listing of a tree that is deeper than the stack could be printed", () => {
  let tree: Tree = { target: "x" };
  for (let i = 0; i < 2000; i++) tree = { entries: { d: tree } };
  let json = listingToJson(list(tree)) as { entries?: { d: never } };
  let depth = 0;
  for (; json.entries; depth++) json = json.entries.d;
  assert.equal(depth, 2000);
});
