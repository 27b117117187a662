import assert from "node:assert/strict";
import { test } from "node:test";
import { applyWaivers } from "#audit/waiver/apply-waivers.ts";
import { formatWaiver, parseWaivers } from "#audit/waiver/parse-waivers.ts";
import { fuzz } from "#rig/fuzz.ts";
import { GraphRig } from "../graph/graph-rig.ts";

async function report() {
  const rig = new GraphRig();
  rig.derive("nix-2.34.7", { system: "x86_64-darwin" });
  for (const name of ["hydra-perl-deps", "system-path"])
    rig.derive(name, { system: "x86_64-linux", takes: { paths: ["nix-2.34.7"] } });
  rig.derive("system", { system: "x86_64-linux", takes: { parts: ["hydra-perl-deps", "system-path"] } });
  return await rig.audit("system");
}

function waivers(...texts: readonly string[]) {
  return parseWaivers(texts.map((text) => `[[waiver]]\n${text}\n`).join("\n"), "test");
}

test("a place that is waived is left out, and the rest of the mistake stays", async () => {
  const { report: left, unused } = applyWaivers(
    await report(),
    waivers('consumer = "hydra-*"\nreason = "emulated"', 'input = "git-*"\nreason = "gone long ago"'),
  );
  assert.equal(left.findings[0]!.waived, undefined);
  assert.deepEqual(
    left.findings[0]!.edges.map(({ consumer }) => consumer.name),
    ["system-path"],
  );
  assert.deepEqual(unused.map(formatWaiver), ['input = "git-*"']);
});

test("a mistake whose places are all waived is waived, with the reason", async () => {
  const { report: left } = applyWaivers(
    await report(),
    waivers('input = "nix-2*7"\nrule = "foreign-member"\nreason = "runs in a container"'),
  );
  assert.equal(left.findings[0]!.waived?.reason, "runs in a container");
});

test("a rule that does not fit waives nothing", async () => {
  const { report: left } = applyWaivers(
    await report(),
    waivers('input = "nix-*"\nrule = "foreign-program"\nreason = "x"'),
  );
  assert.equal(left.findings[0]!.waived, undefined);
});

test("waivers say what is wrong with them", () => {
  const say = (text: string) => () => parseWaivers(text, "w.toml");
  assert.throws(say('[[waiver]]\nconsumer = "x"'), /waiver 1 of 'w\.toml': it has no reason/);
  assert.throws(say('[[waiver]]\nreason = "x"'), /would let everything through/);
  assert.throws(say('[[waiver]]\nconsumer = "x"\nreason = "x"\nrule = "y"'), /there is no rule 'y'/);
  assert.throws(say('[[waiver]]\nname = "x"\nreason = "x"'), /'name' is not known/);
  assert.throws(say("[waivers]"), /it has 'waivers'/);
  assert.throws(say("[["), /Cannot read waivers from 'w\.toml'/);
});

test("noise is refused as waivers", async (t) => {
  await fuzz(t, {
    name: "waivers",
    decode: (bytes) => parseWaivers(bytes.toString("utf8"), "noise"),
    seeds: ['[[waiver]]\nconsumer = "a*"\ninput = "b"\nreason = "c"\n', "[[waiver]]\nrule = 1\n"],
  });
});
