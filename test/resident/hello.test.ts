import assert from "node:assert/strict";
import { test } from "node:test";
import { ElsewhereError } from "#base/errors.ts";
import { HELLO_MARK, isWholeHello, parseHello } from "#resident/hook/hello.ts";
import { fuzz } from "#rig/fuzz.ts";

function hello(...fields: readonly string[]): Buffer {
  return Buffer.from([...fields, ""].map((field) => `${field}\0`).join(""));
}

const RIGHT = [
  HELLO_MARK,
  "3",
  "/proc/7/fd/8",
  "/proc/7/fd/2",
  "/proc/7/fd/4",
  "HOME=/root",
  "NIX_REMOTE=",
  "A=b=c",
];

test("a hook says how Nix's pipes are reached, and where it was started", () => {
  const bytes = hello(...RIGHT);
  assert.ok(isWholeHello(bytes));
  assert.ok(!isWholeHello(bytes.subarray(0, -1)));
  assert.deepEqual(parseHello(bytes), {
    verbosity: 3,
    input: "/proc/7/fd/8",
    output: "/proc/7/fd/2",
    log: "/proc/7/fd/4",
    env: { HOME: "/root", A: "b=c" },
  });
});

test("one of another form is refused", () => {
  for (const wrong of [
    ["elsewhere-hook 2", ...RIGHT.slice(1)],
    [HELLO_MARK, "loud", ...RIGHT.slice(2)],
    [HELLO_MARK, "3", "here", ...RIGHT.slice(3)],
    [HELLO_MARK, "3", "/a"],
    [...RIGHT, "no variable"],
  ])
    assert.throws(() => parseHello(hello(...wrong)), ElsewhereError, wrong.join(" "));
});

test("noise is refused with an error that a person can read", async (t) => {
  await fuzz(t, { name: "a hook's greeting", decode: parseHello, seeds: [hello(...RIGHT)] });
});
