import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { runInGuest, withoutGuest } from "#rig/guest.ts";
import { withoutSandbox } from "../build/local/build-rig.ts";
import { checkout } from "./build-rig.ts";

/** Of this machine the control groups may be of version 1; a kernel of our own has what we want. */
test("under control groups of version 2 a build's memory is limited, in the sandbox and without, and what it took is counted", {
  skip: withoutGuest() || withoutSandbox,
}, async () => {
  const tests = ["test/sandbox/control-group.test.ts", "test/build/local/local-build.test.ts"];
  const said = await runInGuest({
    files: [
      process.execPath,
      ...["bwrap", "flock", "newuidmap", "newgidmap"].flatMap(whereIs),
      ...["src", "package.json", "test/build/local", "test/rig", "test/sandbox"].map(
        (name) => `${checkout}/${name}`,
      ),
    ],
    script: `
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo "controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"
cd ${checkout}
export ELSEWHERE_CONTROL_GROUPS=cgroup-v2 NO_COLOR=1
${process.execPath} --disable-warning=ExperimentalWarning --test --test-reporter=tap \\
  --test-name-pattern='memory' ${tests.join(" ")}`,
    memoryMiB: 1500,
    timeoutMs: 240_000,
  });
  assert.match(said, /controllers:.* memory /, said);
  for (const name of LIMITED) assert.match(said, new RegExp(`^ok \\d+ - ${name}$`, "m"), said);
  assert.match(said, /^guest ended with 0$/m, said);
});

const LIMITED = [
  "the kernel ends what takes more memory in its group than it may, and counts what it took",
  "memory is limited, to the smaller of what is asked for and what the machine allows",
  "without a sandbox memory is limited, too, and what was started with it ends",
];

function whereIs(program: string): string[] {
  const found = execFileSync("sh", ["-c", `command -v ${program} || true`], { encoding: "utf8" }).trim();
  return existsSync(found) ? [found] : [];
}
