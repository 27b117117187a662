import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { explain } from "#doctor/explain.ts";
import { KNOWN_MESSAGES } from "#doctor/known/known-messages.ts";
import { MESSAGES } from "./messages.ts";

for (const [id, text] of MESSAGES)
  test(`'${text.slice(0, 60)}' is explained as ${id}`, () => {
    const [first] = explain(text);
    assert.equal(first?.id, id);
    const said = JSON.stringify(first);
    assert.doesNotMatch(said, /\$<|undefined/);
  });

test("every message that is known has been met here, under an id of its own", () => {
  const ids = KNOWN_MESSAGES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const met = new Set(MESSAGES.map(([id]) => id));
  assert.deepEqual(
    ids.filter((id) => !met.has(id)),
    [],
  );
});

test("a whole log is explained by what ssh said, not by what Nix made of it", () => {
  const log = [
    "building '/nix/store/x-y.drv'...",
    "\x1b[31;1merror:\x1b[0m cannot build on 'ssh-ng://box': error: failed to start SSH connection to 'box'",
    "Permission denied (publickey).",
    "Failed to find a machine for remote build!",
  ].join("\n");
  const found = explain(log);
  assert.deepEqual(
    found.map(({ id }) => id),
    ["key-refused"],
  );
  assert.equal(found[0]!.line, "Permission denied (publickey).");
});

test("the typographic quotes of older versions make no difference", () => {
  assert.equal(explain("cannot build on ‘ssh://box’: oh")[0]?.id, "cannot-build-on");
});

test("what is not known is not guessed at", () => {
  assert.deepEqual(explain("everything is fine, thank you"), []);
  assert.deepEqual(explain(""), []);
});

test("no text, however odd, is too much", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => void explain(text)),
    { numRuns: 200 },
  );
  const began = performance.now();
  explain("error: a 'x' with features {".repeat(5000));
  explain("'".repeat(100_000));
  explain(`/dev/kvm ${"x".repeat(100_000)}`);
  assert.ok(performance.now() - began < 5000);
});
