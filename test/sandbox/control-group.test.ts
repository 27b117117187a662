import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { type ControlGroup, ControlGroups } from "#sandbox/linux/control-group.ts";

const LIMIT_BYTES = 64 << 20;
/** A variable that doubles: 256 MiB, should nobody end it. */
const EATS_MEMORY = "x=aaaaaaaaaaaaaaaa; i=0; while test $i -lt 24; do x=$x$x; i=$((i+1)); done";

/** Where a test must not do with less: `cgroup-v2`. */
const wanted = process.env.ELSEWHERE_CONTROL_GROUPS;
const skip = !wanted && !hasGroups() && "no control groups may be made here";

test("the kernel ends what takes more memory in its group than it may, and counts what it took", {
  skip,
}, async () => {
  const group = new ControlGroups().create(`elsewhere-test-${process.pid}`)!;
  try {
    assert.ok(group.limitMemory(LIMIT_BYTES));
    const { code, signal } = await runIn(group, EATS_MEMORY);
    assert.ok(signal === "SIGKILL" || code === 137, `it ended with ${code ?? signal}`);
    assert.ok(group.wasOverMemory());
    const { measuredBy, memoryPeakBytes, cpuUserUs } = group.readUsage();
    if (wanted) assert.equal(measuredBy, wanted);
    assert.ok(memoryPeakBytes! > LIMIT_BYTES / 2 && memoryPeakBytes! <= LIMIT_BYTES, `${memoryPeakBytes}`);
    assert.ok(cpuUserUs! > 0);
  } finally {
    group.remove();
  }
});

test("what keeps to its limit ends by itself, and nothing is said against it", { skip }, async () => {
  const group = new ControlGroups().create(`elsewhere-test-${process.pid}`)!;
  try {
    assert.ok(group.limitMemory(LIMIT_BYTES));
    const { code } = await runIn(group, "exit 7");
    assert.equal(code, 7);
    assert.equal(group.wasOverMemory(), false);
  } finally {
    group.remove();
  }
});

/** Runs a script of the shell in a group. */
async function runIn({ joinFiles }: ControlGroup, script: string) {
  const joins = joinFiles.map((file) => `echo $$ > ${file}`).join("; ");
  const child = spawn("/bin/sh", ["-c", `${joins}; ${script}`], { stdio: "ignore" });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

function hasGroups(): boolean {
  const group = new ControlGroups().create(`elsewhere-look-${process.pid}`);
  const mayLimit = group?.limitMemory(LIMIT_BYTES) ?? false;
  group?.remove();
  return mayLimit;
}
