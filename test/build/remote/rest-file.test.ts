import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openRestFile } from "#build/remote/rest-file.ts";

test("what rests is left alone by every run until its time is over, or until it works again", () => {
  using place = new Place();
  const untilMs = Date.now() + 60_000;
  openRestFile(place.folder, "peers").rest("a b", { untilMs, message: "no route" });
  const other = openRestFile(place.folder, "peers");
  assert.deepEqual(other.restOf("a b", untilMs - 1), { untilMs, message: "no route" });
  assert.equal(other.restOf("a b", untilMs), undefined);
  assert.equal(other.restOf("b a", untilMs - 1), undefined);
  assert.equal(openRestFile(place.folder, "substituters").restOf("a b", untilMs - 1), undefined);
  assert.deepEqual([...other.keysUnder("a ", untilMs - 1)], ["a b"]);
  assert.equal(other.keysUnder("a ", untilMs).size, 0);
  assert.equal(other.keysUnder("b", untilMs - 1).size, 0);
  other.end("a b");
  assert.equal(openRestFile(place.folder, "peers").restOf("a b", untilMs - 1), undefined);
});

test("where nothing can be written, one run remembers by itself", () => {
  using place = new Place();
  const file = join(place.folder, "no-folder");
  writeFileSync(file, "");
  const rests = openRestFile(file, "peers");
  rests.rest("a b", { untilMs: 10, message: "no route" });
  assert.equal(rests.restOf("a b", 9)?.message, "no route");
  assert.deepEqual([...rests.keysUnder("a", 9)], ["a b"]);
});

test("a file that is garbage costs what it remembered, and nothing else", () => {
  using place = new Place();
  writeFileSync(join(place.folder, "peers.sqlite"), "garbage ".repeat(1000));
  const rests = openRestFile(place.folder, "peers");
  rests.rest("a b", { untilMs: 10, message: "no route" });
  assert.equal(rests.restOf("a b", 9)?.message, "no route");
});

class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "elsewhere-rests-"));

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
