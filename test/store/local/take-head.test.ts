import assert from "node:assert/strict";
import { test } from "node:test";
import { takeHead } from "#store/local/addition/take-head.ts";

async function* chunksOf(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

test("a source that is small comes in one piece", async () => {
  const { head, rest } = await takeHead(chunksOf("ab", "cd"), 4);
  assert.equal(head?.toString(), "abcd");
  assert.equal(rest, undefined);
});

test("a source with nothing in it is small", async () => {
  assert.equal((await takeHead(chunksOf(), 4)).head?.length, 0);
});

test("of a larger source nothing is lost", async () => {
  const { head, rest } = await takeHead(chunksOf("ab", "cd", "e", "fgh"), 4);
  assert.equal(head, undefined);
  let text = "";
  for await (const chunk of rest!) text += chunk;
  assert.equal(text, "abcdefgh");
});

test("a larger source is closed when its consumer stops early", async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from("abc");
    } finally {
      isClosed = true;
    }
  }
  const { rest } = await takeHead(endless(), 4);
  for await (const _ of rest!) break;
  assert.ok(isClosed);
});
