import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";
import { ElsewhereError, LimitError, MalformedError, messageOf, unreachable } from "#base/errors.ts";
import { Semaphore } from "#base/semaphore.ts";

test("a semaphore lets in as many as it has permits, first come first served", async () => {
  const semaphore = new Semaphore(2);
  const order: number[] = [];
  const first = await semaphore.acquire();
  const second = await semaphore.acquire();
  const waiting = [3, 4].map(async (number) => {
    using _ = await semaphore.acquire();
    order.push(number);
  });
  await Promise.resolve();
  assert.deepEqual(order, []);
  first[Symbol.dispose]();
  // Giving back twice must not let in another.
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  await Promise.all(waiting);
  assert.deepEqual(order, [3, 4]);
});

test("a permit given back twice is one permit", async () => {
  const semaphore = new Semaphore(1);
  const permit = await semaphore.acquire();
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  using _ = await semaphore.acquire();
  let entered = false;
  void semaphore.acquire().then(() => {
    entered = true;
  });
  await new Promise(setImmediate);
  assert.equal(entered, false);
});

test("a permit that is lent lets another in, and is had back after it", async () => {
  const semaphore = new Semaphore(1);
  using permit = await semaphore.acquire();
  const other = semaphore.acquire();
  const lending = permit.lendDuring(async () => void (await other));
  let isBack = false;
  void lending.then(() => {
    isBack = true;
  });
  await new Promise(setImmediate);
  assert.equal(isBack, false, "the other has it");
  (await other)[Symbol.dispose]();
  await lending;
  permit[Symbol.dispose]();
  (await semaphore.acquire())[Symbol.dispose]();
});

test("a permit that is lent to what fails stays given back", async () => {
  const semaphore = new Semaphore(1);
  const permit = await semaphore.acquire();
  await assert.rejects(permit.lendDuring(() => Promise.reject(new Error("no"))));
  using _ = await semaphore.acquire();
  permit[Symbol.dispose]();
  let entered = false;
  void semaphore.acquire().then(() => {
    entered = true;
  });
  await new Promise(setImmediate);
  assert.equal(entered, false);
});

test("a semaphore that is widened lets in more, and later as many as before", async () => {
  const semaphore = new Semaphore(1);
  const first = await semaphore.acquire();
  const second = semaphore.acquire();
  const wide = semaphore.widen(1);
  const inside = [first, await second];
  wide[Symbol.dispose]();
  let entered = false;
  const third = semaphore.acquire().then((permit) => {
    entered = true;
    return permit;
  });
  inside[0]![Symbol.dispose]();
  await new Promise(setImmediate);
  assert.equal(entered, false);
  inside[1]![Symbol.dispose]();
  (await third)[Symbol.dispose]();
});

test("a deferred settles from outside, and one that nobody awaits ends nothing", async () => {
  const kept = new Deferred<number>();
  kept.resolve(1);
  assert.equal(await kept.promise, 1);
  new Deferred<number>().reject(new Error("nobody listens"));
  await new Promise(setImmediate);
});

test("the system's clock sleeps until it is woken", async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(60_000, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(sleeping);
  const before = systemClock.now();
  await systemClock.sleep(1);
  assert.ok(systemClock.now() >= before);
});

test("errors say what was found, in short, with code, hint and cause", () => {
  const cause = new Error("why");
  const error = new ElsewhereError("X", "Cannot", { hint: "do", cause });
  assert.deepEqual([error.code, error.message, error.hint, error.cause], ["X", "Cannot", "do", cause]);
  assert.equal(new MalformedError("hash", "x", "too short").message, "Cannot parse hash 'x': too short");
  assert.ok(new MalformedError("hash", "x".repeat(9999)).message.length < 300);
  assert.match(new LimitError("a name", 9, 8).message, /9 is above the limit of 8/);
  assert.equal(messageOf("plain"), "plain");
  assert.throws(() => unreachable("x" as never), /Unhandled/);
});
