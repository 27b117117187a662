import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { STAT_STATE, startTimeOf, statFields } from "#sandbox/process-tree.ts";

const skip = process.platform === "linux" ? false : "it is told by /proc";

test("a process that was killed is gone, although its parent has not asked for it", { skip }, async (t) => {
  // What the shell becomes never asks how its child ended.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => parent.kill("SIGKILL"));
  const [said] = await once(parent.stdout, "data");
  const child = Number(String(said));
  assert.match(startTimeOf(child) ?? "", /^\d+$/);
  process.kill(child, "SIGKILL");
  while (statFields(child)?.[STAT_STATE] !== "Z") await setImmediate();
  assert.equal(startTimeOf(child), undefined);
});

test("where there is no process, there is no beginning", { skip }, () => {
  assert.equal(startTimeOf(2 ** 30), undefined);
});
