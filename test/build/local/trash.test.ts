import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Trash } from "#build/local/trash.ts";

test("what is thrown away is gone once the trash has settled, also what may not be written", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-trash-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const places = ["one", "two"].map((name) => join(folder, name));
  for (const place of places) {
    mkdirSync(join(place, "inner"), { recursive: true });
    writeFileSync(join(place, "inner", "file"), "text");
    mkdirSync(join(place, "closed"), { mode: 0o500 });
  }
  const trash = new Trash();
  trash.take(...places, join(folder, "never there"));
  await trash.settled();
  assert.deepEqual(
    places.map((place) => existsSync(place)),
    [false, false],
  );
});
