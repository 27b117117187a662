import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { BuilderPage } from "#build/engine/site/builder-book.ts";
import { openBookFile } from "#build/remote/book-file.ts";
import { formatPage, parsePage } from "#build/remote/book-page.ts";
import { fuzz } from "#rig/fuzz.ts";

class StateFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "elsewhere-book-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

test("each failure makes the rest of a builder longer, and its recovery ends it", () => {
  using folder = new StateFolder();
  const book = openBookFile(folder.path);
  book.failed("box", 0, "no answer");
  assert.deepEqual(book.backOff("box", 29_999)?.message, "no answer");
  assert.equal(book.backOff("box", 30_000), undefined);
  book.failed("box", 30_000, "no answer");
  assert.notEqual(book.backOff("box", 119_999), undefined);
  assert.equal(book.backOff("box", 120_000), undefined);
  book.recovered("box");
  assert.equal(book.backOff("box", 30_001), undefined);
  assert.deepEqual(book.pageOf("box").lastFailure, { atMs: 30_000, message: "no answer" });
});

test("what several runs write of one builder is all there", () => {
  using folder = new StateFolder();
  const [one, two] = [openBookFile(folder.path), openBookFile(folder.path)];
  one.drain("box", { sinceMs: 5, by: "me" });
  two.noteSpeed("box", { factor: 1.5, builds: 7, atMs: 6 });
  one.noteMachine("box", { atMs: 7, cores: 4, freeDiskBytes: 100 });
  two.noteProbe("box", "x86_64-linux", { atMs: 8, passed: true, emulated: false });
  one.noteProbe("box", "aarch64-linux", { atMs: 9, passed: false, message: "Exec format error" });
  const page = two.pageOf("box");
  assert.equal(page.drained?.by, "me");
  assert.equal(page.speed?.factor, 1.5);
  assert.equal(page.machine?.cores, 4);
  assert.deepEqual([...page.probes.keys()], ["x86_64-linux", "aarch64-linux"]);
  assert.equal(page.probes.get("aarch64-linux")?.message, "Exec format error");
  two.resume("box");
  assert.equal(one.pageOf("box").drained, undefined);
  assert.equal(one.pageOf("box").speed?.builds, 7);
});

test("a change by another run is heard of", async () => {
  using folder = new StateFolder();
  const [mine, other] = [openBookFile(folder.path), openBookFile(folder.path)];
  const heard = new Promise<void>((resolve) => {
    const watch = mine.onChange(() => {
      if (!mine.pageOf("box").drained) return;
      watch[Symbol.dispose]();
      resolve();
    });
  });
  other.drain("box", { sinceMs: 1, by: "other" });
  // The watch alone keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  await heard;
  clearInterval(alive);
});

test("where no file can be, a run remembers for itself", () => {
  using folder = new StateFolder();
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  const book = openBookFile(file);
  book.drain("box", { sinceMs: 1, by: "me" });
  assert.equal(book.pageOf("box").drained?.by, "me");
});

const anyMs = fc.nat({ max: 2 ** 40 });
const anyPage: fc.Arbitrary<BuilderPage> = fc.record(
  {
    fault: fc.record({ failures: fc.nat(), untilMs: anyMs, message: fc.string() }, { noNullPrototype: true }),
    drained: fc.record({ sinceMs: anyMs, by: fc.string() }, { noNullPrototype: true }),
    machine: fc.record(
      { atMs: anyMs, cores: fc.nat(), memoryBytes: anyMs },
      { requiredKeys: ["atMs"], noNullPrototype: true },
    ),
    speed: fc.record(
      { factor: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), builds: fc.nat(), atMs: anyMs },
      { noNullPrototype: true },
    ),
    probes: fc
      .array(
        fc.tuple(fc.string(), fc.record({ atMs: anyMs, passed: fc.boolean() }, { noNullPrototype: true })),
      )
      .map((entries) => new Map(entries.filter(([name]) => !/^(\d+|__proto__)$/.test(name)))),
  },
  { requiredKeys: ["probes"], noNullPrototype: true },
);

test("a page is read as it was written", () => {
  fc.assert(
    fc.property(anyPage, (page) => {
      assert.deepEqual(parsePage(formatPage(page)), page);
    }),
  );
});

test("of a page of noise nothing is known", async (t) => {
  const seeds = fc.sample(anyPage, { numRuns: 30, seed: 1 }).map(formatPage);
  await fuzz(t, { name: "builder page", decode: (bytes) => parsePage(bytes.toString()), seeds });
});
