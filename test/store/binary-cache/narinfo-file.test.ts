import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { openNarInfoFile } from "#store/binary-cache/narinfo-file.ts";

const A = parseStorePathBaseName(`${"1".repeat(32)}-a`);
const B = parseStorePathBaseName(`${"2".repeat(32)}-b`);
const CACHE = "https://cache.example";
const LIFETIMES = { presentMs: 1000, absentMs: 100 };

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "elsewhere-narinfo-"));
  readonly file = join(this.path, "deep/narinfo.sqlite");

  open(lifetimes = LIFETIMES) {
    return openNarInfoFile(this.file, lifetimes)!;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const contents = (text: string) => new Uint8Array(Buffer.from(text));

test("what a cache has and what it has not is known to the next run, each for its time, and to no other cache", () => {
  using folder = new Folder();
  const before = folder.open();
  before.note(CACHE, A, { contents: contents("StorePath: a \xff"), atMs: 5000 });
  before.note(CACHE, B, { contents: undefined, atMs: 5000 });
  before[Symbol.dispose]();
  using after = folder.open();
  assert.deepEqual(after.recall(CACHE, A, 5999), { contents: contents("StorePath: a \xff") });
  assert.equal(after.recall(CACHE, A, 6000), undefined);
  assert.deepEqual(after.recall(CACHE, B, 5099), { contents: undefined });
  assert.equal(after.recall(CACHE, B, 5100), undefined);
  assert.equal(after.recall("https://other.example", A, 5000), undefined);
  assert.equal(after.recall(CACHE, A, 4000), undefined);
});

test("the last answer counts, and one that was not so is forgotten", () => {
  using folder = new Folder();
  using memory = folder.open();
  memory.note(CACHE, A, { contents: undefined, atMs: 1 });
  memory.note(CACHE, A, { contents: contents("there now"), atMs: 2 });
  memory.forget(CACHE, B);
  assert.deepEqual(memory.recall(CACHE, A, 3), { contents: contents("there now") });
  memory.forget(CACHE, A);
  assert.equal(memory.recall(CACHE, A, 3), undefined);
});

test("with no time to hold, nothing is recalled", () => {
  using folder = new Folder();
  using memory = folder.open({ presentMs: 0, absentMs: 0 });
  memory.note(CACHE, A, { contents: contents("x"), atMs: 1 });
  memory.forget(CACHE, B);
  assert.equal(memory.recall(CACHE, A, 1), undefined);
});

test("a file that is damaged, or another's, is made anew; where there can be none, none is", () => {
  using folder = new Folder();
  folder.open()[Symbol.dispose]();
  writeFileSync(folder.file, "this was never a database, however long it is ".repeat(100));
  using memory = folder.open();
  memory.note(CACHE, A, { contents: contents("x"), atMs: 1 });
  memory.forget(CACHE, B);
  assert.deepEqual(memory.recall(CACHE, A, 2), { contents: contents("x") });
  writeFileSync(join(folder.path, "taken"), "");
  assert.equal(openNarInfoFile(join(folder.path, "taken/narinfo.sqlite"), LIFETIMES), undefined);
});

test("writers that are killed in the midst of it leave a file that others read and write", async () => {
  using folder = new Folder();
  const module = new URL("../../../src/store/binary-cache/narinfo-file.ts", import.meta.url);
  const program = `
    import { openNarInfoFile } from ${JSON.stringify(module)};
    const memory = openNarInfoFile(${JSON.stringify(folder.file)}, { presentMs: 1e9, absentMs: 1e9 });
    let count = 0;
    const write = () => {
      for (let i = 0; i < 100; i++) {
        const digits = String(count++).padStart(32, "0");
        memory.note(${JSON.stringify(CACHE)}, digits + "-x", { contents: new Uint8Array(500), atMs: 1 });
      }
      if (count === 300) process.stdout.write("going\\n");
      setImmediate(write);
    };
    write();`;
  const writers = [1, 2, 3].map(() =>
    spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  await Promise.all(writers.map(({ stdout }) => once(stdout, "data")));
  await Promise.all(
    writers.map(async (writer) => {
      writer.kill("SIGKILL");
      await once(writer, "exit");
    }),
  );
  using memory = folder.open({ presentMs: 1e9, absentMs: 1e9 });
  const first = parseStorePathBaseName(`${"0".repeat(32)}-x`);
  assert.deepEqual(memory.recall(CACHE, first, 2), { contents: new Uint8Array(500) });
  memory.note(CACHE, A, { contents: contents("after"), atMs: 1 });
  memory.forget(CACHE, B);
  assert.deepEqual(memory.recall(CACHE, A, 2), { contents: contents("after") });
  assert.ok(readFileSync(folder.file).length > 0);
});
