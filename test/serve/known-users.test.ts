import assert from "node:assert/strict";
import { test } from "node:test";
import { KnownUsers } from "#serve/known-users.ts";

test("a user is looked up once for many calls, and again after ten seconds", async () => {
  let nowMs = 0;
  const asked: number[] = [];
  const users = new KnownUsers({ now: () => nowMs, sleep: async () => undefined }, async (uid) => {
    asked.push(uid);
    return { uid, name: `user${uid}`, groups: [] };
  });
  assert.equal((await users.lookUp(1)).name, "user1");
  await Promise.all([users.lookUp(1), users.lookUp(2)]);
  assert.deepEqual(asked, [1, 2]);
  nowMs = 10_000;
  await users.lookUp(1);
  assert.deepEqual(asked, [1, 2, 1]);
});
