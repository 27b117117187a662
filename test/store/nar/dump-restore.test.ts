import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "#base/byte-reader.ts";
import { words } from "#nix/nar/grammar.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";
import { dumpPath } from "#store/nar/dump-path.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import { restorePath } from "#store/nar/restore-path.ts";
import { arbitraryTree, type Tree, visitTree } from "../../nix/nar/tree.ts";

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "elsewhere-nar-"));
  at(name: string): string {
    return join(this.path, name);
  }
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function pack(tree: Tree): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(chunk));
  visitTree(tree, writer);
  writer.flush();
  return Buffer.concat(chunks);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

async function* piecesOf(bytes: Uint8Array, size = 7) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("any tree is the same after it was unpacked and packed again, names that are not UTF-8 too", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryTree, fc.integer({ min: 1, max: 5000 }), async (tree, piece) => {
      using folder = new Folder();
      const nar = pack(tree);
      assert.equal(await restorePath(piecesOf(nar, piece), folder.at("x")), nar.length);
      assert.deepEqual(await collect(dumpPath(folder.at("x"), { chunkBytes: 64 })), nar);
    }),
    { numRuns: 60 },
  );
});

test("a store's modes and times are set when asked for", async () => {
  using folder = new Folder();
  const tree: Tree = {
    entries: {
      d: { entries: { x: { executable: true, text: "1" } } },
      f: { executable: false, text: "2" },
      l: { target: "/nowhere" },
    },
  };
  await restorePath(piecesOf(pack(tree)), folder.at("x"), { canonical: true });
  const modes = ["x", "x/d", "x/d/x", "x/f"].map((name) => lstatSync(folder.at(name)).mode & 0o7777);
  assert.deepEqual(modes, [0o555, 0o555, 0o555, 0o444]);
  for (const name of ["x", "x/d", "x/d/x", "x/f", "x/l"])
    assert.equal(lstatSync(folder.at(name)).mtimeMs, 1000, name);
  chmodSync(folder.at("x"), 0o755);
  chmodSync(folder.at("x/d"), 0o755);
});

test("a hash taken on the way is the hash of the NAR, and what follows it stays in the reader", async () => {
  using folder = new Folder();
  const nar = pack({ entries: { a: { executable: false, text: "x".repeat(100_000) }, b: { target: "a" } } });
  const reader = new ByteReader(piecesOf(Buffer.concat([nar, Buffer.from("next")]), 30_000));
  const hasher = createHash("sha256");
  assert.equal(await restorePath(reader, folder.at("x"), { tap: hasher }), nar.length);
  assert.equal((await collect(reader.rest())).toString(), "next");
  const { hash, size } = await hashPath(folder.at("x"));
  assert.equal(size, nar.length);
  assert.deepEqual(Buffer.from(hash.digest), hasher.digest());
});

test("a source that goes on after its NAR is refused", async () => {
  using folder = new Folder();
  const nar = Buffer.concat([pack({ target: "x" }), Buffer.alloc(8)]);
  await assert.rejects(restorePath(piecesOf(nar), folder.at("x")), { code: "TRAILING_BYTES" });
});

test("nothing is written over, nor through a symlink that waits at the target", async () => {
  using folder = new Folder();
  mkdirSync(folder.at("victim"));
  writeFileSync(folder.at("file"), "old");
  symlinkSync(folder.at("victim"), folder.at("to-directory"));
  symlinkSync(folder.at("new"), folder.at("to-nothing"));
  for (const tree of [
    { entries: { a: { target: "b" } } },
    { executable: false, text: "new" },
    { target: "b" },
  ])
    for (const target of ["victim", "file", "to-directory", "to-nothing"])
      await assert.rejects(restorePath(piecesOf(pack(tree)), folder.at(target)), { code: "CANNOT_UNPACK" });
  assert.deepEqual(readdirSync(folder.at("victim")), []);
  assert.equal(readFileSync(folder.at("file"), "utf8"), "old");
  assert.equal(existsSync(folder.at("new")), false);
});

test("a symlink and then a file below its name is refused before anything is written", async () => {
  using folder = new Folder();
  mkdirSync(folder.at("victim"));
  const link = [
    "entry",
    "(",
    "name",
    "a",
    "node",
    "(",
    "type",
    "symlink",
    "target",
    folder.at("victim"),
    ")",
    ")",
  ];
  const below = ["entry", "(", "name", "a", "node", "(", "type", "directory"];
  const file = ["entry", "(", "name", "owned", "node", "(", "type", "regular", "contents", "", ")", ")"];
  const nar = words("nix-archive-1", "(", "type", "directory", ...link, ...below, ...file, ")", ")", ")");
  await assert.rejects(restorePath(piecesOf(nar), folder.at("x")), { code: "MALFORMED" });
  assert.deepEqual(readdirSync(folder.at("victim")), []);
});

test("a filter sees paths below the root and their kinds, and leaves out what it refuses", async () => {
  using folder = new Folder();
  const tree: Tree = {
    entries: {
      d: { entries: { x: { executable: false, text: "" }, y: { target: "x" } } },
      e: { entries: {} },
    },
  };
  await restorePath(piecesOf(pack(tree)), folder.at("x"));
  const seen: string[] = [];
  const filter = (path: string, kind: string) => {
    seen.push(`${path} ${kind}`);
    return path !== "e" && kind !== "symlink";
  };
  const nar = await collect(dumpPath(folder.at("x"), { filter }));
  assert.deepEqual(seen.sort(), ["d directory", "d/x regular", "d/y symlink", "e directory"]);
  assert.deepEqual(nar, pack({ entries: { d: { entries: { x: { executable: false, text: "" } } } } }));
});

test("names that collide on a Mac are kept apart there and told apart again", {
  skip: withoutShared,
}, async () => {
  using folder = new Folder();
  const golden = `${sharedDir}/vectors/golden/functional`;
  const nar = readFileSync(`${golden}/case.nar`);
  await restorePath(piecesOf(nar, 100), folder.at("x"), { caseHack: true });
  const names = readdirSync(folder.at("x"), { recursive: true, encoding: "utf8" });
  assert.ok(names.some((name) => name.includes("~nix~case~hack~1")));
  assert.deepEqual(await collect(dumpPath(folder.at("x"), { caseHack: true })), nar);
  const collision = readFileSync(`${golden}/case-collision.nar`);
  await assert.rejects(restorePath(piecesOf(collision), folder.at("y"), { caseHack: true }), {
    code: "CASE_COLLISION",
  });
  assert.ok(await restorePath(piecesOf(collision), folder.at("z")));
});

test("a file that cannot be packed is named", async () => {
  using folder = new Folder();
  await assert.rejects(collect(dumpPath(folder.at("missing"))), /missing/);
  await assert.rejects(collect(dumpPath("/dev/null")), { code: "UNSUPPORTED_FILE" });
});

test("a symlink's target may be any bytes", async () => {
  using folder = new Folder();
  symlinkSync(Buffer.from([0xff, 0x2f, 0xfe]), folder.at("l"));
  const nar = await collect(dumpPath(folder.at("l")));
  await restorePath(piecesOf(nar), folder.at("m"));
  assert.deepEqual(readlinkSync(folder.at("m"), { encoding: "buffer" }), Buffer.from([0xff, 0x2f, 0xfe]));
});
