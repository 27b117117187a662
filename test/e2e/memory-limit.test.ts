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

test("the limit reaches a builder by ssh:// as well, also one behind a forced command", {
  skip: withoutSshd || withoutSandbox,
}, async () => {
  await using rig = new FleetRig();
  await rig.add("plain", {}, "ssh");
  await rig.add("forced", { forced: "" }, "ssh");
  for (const name of ["plain", "forced"]) {
    const file = rig.drvs.derive(`eats-on-${name}`, { script: EATS_MEMORY });
    const machine = rig.builders.get(name)!.machine;
    const { code, err } = await rig.build(file, "--builders", machine, "--max-memory", "64M");
    assert.equal(code, 100, err);
    assert.match(err, /used more than 64 MiB of memory/);
    assert.doesNotMatch(err, /warning/);
  }
});

for (const scheme of ["ssh-ng", "ssh"] as const)
  test(`a stock builder by ${scheme} is not told of a limit that it does not know, and that is said once`, {
    skip: withoutSshd || withoutNix("trixie"),
  }, async () => {
    await using rig = new FleetRig();
    await rig.add("stock", { suite: "trixie" }, scheme);
    rig.drvs.derive("modest", { script: "echo modest > $out" });
    const file = rig.drvs.derive("more", { script: "echo more > $out", inputs: ["modest"] });
    const { code, err } = await rig.build(file, "--max-memory", "64M");
    assert.equal(code, 0, err);
    assert.doesNotMatch(err, /max-build-memory/);
    const warnings = err.match(/^warning: stock: no build is held to 64 MiB of memory there/gm);
    assert.equal(warnings?.length, 1, err);
  });

/** A shell's variable that doubles: 256 MiB, should nobody end it. */
const EATS_MEMORY =
  "x=aaaaaaaaaaaaaaaa; i=0; while test $i -lt 24; do x=$x$x; i=$((i+1)); done; echo $i > $out";
