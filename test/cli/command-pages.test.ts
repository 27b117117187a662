import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commandPages, pagesFolder } from "../../scripts/command-pages.ts";

test("the page of each command says what its help says", async () => {
  for (const [name, text] of await commandPages())
    assert.equal(
      readFileSync(`${pagesFolder}${name}`, "utf8"),
      text,
      `${name} is not current: run node scripts/command-pages.ts`,
    );
});
