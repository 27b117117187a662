import assert from "node:assert/strict";
import { test } from "node:test";
import { openCommand, startCommand } from "#transport/command.ts";

async function outputOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks = await Array.fromAsync(source);
  return Buffer.concat(chunks).toString();
}

test("what a program wrote before it ended is there for who reads later", async () => {
  const { stream, ended } = startCommand(["sh", "-c", "echo not available; echo why >&2; exit 1"]);
  assert.deepEqual(await ended, { code: 1, signal: null, stderr: "why" });
  assert.equal(await outputOf(stream.source), "not available\n");
});

test("more output than fits is kept back, and comes whole", async () => {
  const { stream } = startCommand(["sh", "-c", "head -c 300000 /dev/zero; exit 3"]);
  assert.equal((await outputOf(stream.source)).length, 300_000);
  assert.match(String(await stream.closed), /status 3/);
});

test("that a program has ended is known to who reads nothing", async () => {
  await using stream = openCommand(["sh", "-c", "echo unread"], { peer: "rig" });
  assert.equal(await stream.closed, undefined);
});
