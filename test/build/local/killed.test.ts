import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openLocalRealiser } from "#build/local/open.ts";
import { processesWithEnvironment } from "#sandbox/process-tree.ts";
import { BuildRig, withoutSandbox } from "./build-rig.ts";

test("a builder whose process is killed dies with it, and the next one clears away what it left", {
  skip: withoutSandbox,
}, async () => {
  await using rig = await BuildRig.open();
  const mark = `mark-${process.pid}`;
  const drv = await rig.add({
    name: "endless",
    script: `echo begun; while :; do $bb sleep 1; done`,
    env: { mark },
  });
  const program = fileURLToPath(new URL("killed-builder.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, rig.dir, drv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const builds = `${rig.store.stateDir}/builds`;
  const [left] = readdirSync(builds).filter((name) => existsSync(`${builds}/${name}/build`));
  const root = readlinkSync(`${builds}/${left}/root`);
  assert.ok(processesWithEnvironment(`mark=${mark}`).length > 0);
  child.kill("SIGKILL");
  // Its end of the pipe closes when the last process that holds it is gone.
  await once(child, "close");
  while (processesWithEnvironment(`mark=${mark}`).length > 0) await new Promise((turn) => setImmediate(turn));
  await using _next = await openLocalRealiser(rig.store, {
    sandbox: "bubblewrap",
    searchPath: process.env.PATH ?? "",
  });
  assert.equal(existsSync(`${builds}/${left}`), false);
  assert.equal(existsSync(root), false);
});
