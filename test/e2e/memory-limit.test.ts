import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { withoutSandbox } from "../build/local/build-rig.ts";
import { FleetRig } from "./fleet-rig.ts";

test("a build that uses more memory than it may fails on the first builder, and is not tried on another", {
  skip: withoutSshd || withoutSandbox,
}, async () => {
  await using rig = new FleetRig();
  await Promise.all([rig.add("one"), rig.add("two")]);
  const file = rig.drvs.derive("eats", { script: EATS_MEMORY });
  const { code, err } = await rig.build(file, "-v", "--max-memory", "64M");
  assert.equal(code, 100, err);
  assert.match(err, /used more than 64 MiB of memory/);
  assert.equal(err.match(/^(?:building|sending) .*eats/gm)?.length, 1, err);
});

test("a stock builder is not told of a limit that it does not know", {
  skip: withoutSshd || withoutNix("trixie"),
}, async () => {
  await using rig = new FleetRig();
  await rig.add("stock", { suite: "trixie" });
  const file = rig.drvs.derive("modest", { script: "echo modest > $out" });
  const { code, err } = await rig.build(file, "-v", "--max-memory", "64M");
  assert.equal(code, 0, err);
  assert.doesNotMatch(err, /max-build-memory/);
});

/** A shell's variable that doubles: 256 MiB, should nobody end it. */
const EATS_MEMORY =
  "x=aaaaaaaaaaaaaaaa; i=0; while test $i -lt 24; do x=$x$x; i=$((i+1)); done; echo $i > $out";
