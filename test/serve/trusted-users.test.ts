import assert from "node:assert/strict";
import { test } from "node:test";
import { namesUser } from "#serve/trusted-users.ts";

const anna = { uid: 1000, name: "anna", groups: ["anna", "wheel"] };

test("a user is named by name, by one of the groups, or by a star", () => {
  assert.ok(namesUser(["root", "anna"], anna));
  assert.ok(namesUser(["@wheel"], anna));
  assert.ok(namesUser(["*"], anna));
});

test("nobody else is named", () => {
  assert.ok(!namesUser(["root"], anna));
  assert.ok(!namesUser(["wheel", "@anna2", "@"], anna));
  assert.ok(!namesUser([], anna));
  assert.ok(!namesUser(["anna"], { uid: 1001, name: undefined, groups: [] }));
});

test("who cannot be told is named by a star alone", () => {
  assert.ok(namesUser(["*"], undefined));
  assert.ok(!namesUser(["root", "@wheel"], undefined));
});
