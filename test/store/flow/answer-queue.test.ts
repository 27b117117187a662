import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerQueue } from "#store/flow/answer-queue.ts";

test("answers are read in the order of what was sent", async () => {
  const answers = new AnswerQueue();
  const read: number[] = [];
  for (const each of [1, 2, 3])
    answers.expect(10, async () => {
      await Promise.resolve();
      read.push(each);
    });
  await answers.all();
  assert.deepEqual(read, [1, 2, 3]);
});

test("the first refusal is what is told, after all answers are read", async () => {
  const answers = new AnswerQueue();
  let last = false;
  answers.expect(10, () => Promise.reject(new Error("no room")));
  answers.expect(10, () => Promise.reject(new Error("no reference")));
  answers.expect(10, async () => {
    last = true;
  });
  await assert.rejects(answers.all(), /no room/);
  assert.equal(last, true);
  assert.equal(answers.isRefused, true);
});

test("whoever waits for room gets on when something is refused", async () => {
  const answers = new AnswerQueue();
  answers.expect(1 << 30, () => Promise.reject(new Error("no room")));
  answers.expect(1 << 30, () => new Promise(() => undefined));
  await answers.room();
  assert.throws(() => answers.throwIfRefused(), /no room/);
});
