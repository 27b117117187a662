import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { withEmulator, withoutEmulator } from "#rig/emulator.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { type BuildRig, checkout } from "./build-rig.ts";
import { ExplainRig } from "./explain-rig.ts";

test("a builder that emulates is found out by a probe, and comes after one that need not, unless that is busy", {
  skip: withoutSshd || withoutEmulator,
}, async () => {
  await using rig = await ExplainRig.start((build) => [
    `${emulatingBuilder(build)} x86_64-linux,aarch64-linux - 2 2`,
    `${nativeBuilder(build)} aarch64-linux - 1`,
  ]);
  const probe = await rig.run("builders", "probe", "rig", "--json");
  assert.equal(probe.code, 0, probe.err);
  const [{ systems }] = JSON.parse(probe.out);
  const found = (system: string) => [
    systems[system].passed,
    systems[system].emulated,
    systems[system].machine,
  ];
  assert.deepEqual(found("x86_64-linux"), [true, false, "x86_64"]);
  assert.deepEqual(found("aarch64-linux"), [true, true, "x86_64"]);
  const list = (await rig.run("builders")).out;
  assert.match(list, /^rig +up, .* x86_64-linux,aarch64-linux~ /m);
  assert.match(list, /^rig is x86_64 and builds for aarch64-linux by emulation$/m);

  const file = rig.build.drvs.derive("wanted", { system: "aarch64-linux", script: "echo > $out" });
  const { chosen, verdicts } = await rig.ask(file);
  assert.equal(chosen, "rig#2");
  assert.deepEqual([verdicts.rig?.score?.emulated, verdicts["rig#2"]?.score?.emulated], [true, false]);
  const text = await rig.text(file);
  assert.match(text, /^rig +yes +its score is lower: done about .* later, by emulation$/m);
  assert.match(text, /^rig .* 0\.25, emulated +0 B$/m);

  await using _busy = await rig.holdSlots(nativeBuilder(rig.build), 1);
  assert.match(await rig.text(file), /^rig +YES +it is done there soonest, in about .*, by emulation$/m);
  const built = await rig.build.elsewhere("build", file, "-j0", "--builders", rig.builders);
  assert.equal(built.code, 0, built.err);
  assert.match(
    (await rig.build.elsewhere("why", "./result")).out,
    /built on rig for aarch64-linux, by emulation/,
  );
});

/** This machine with an emulator. */
function emulatingBuilder(build: BuildRig): string {
  return builderOf([
    ...withEmulator(),
    ...serving(build, "emulating"),
    "--option",
    "extra-platforms=aarch64-linux",
  ]);
}

/** What is said to be an aarch64; nothing is built there. */
function nativeBuilder(build: BuildRig): string {
  return builderOf([...serving(build, "native"), "--option", "system=aarch64-linux"]);
}

function serving(build: BuildRig, store: string): readonly string[] {
  return [`${checkout}bin/elsewhere`, "serve", "--store", join(build.folder, store)];
}

function builderOf(program: readonly string[]): string {
  return `ssh-ng://rig?remote-program=${encodeURIComponent(program.join(" "))}`;
}
