import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { withoutSshd } from "#rig/sshd.ts";
import { FleetRig } from "./fleet-rig.ts";

test("two clients at once share a builder, and it never has more builds than slots", {
  skip: withoutSshd,
}, async () => {
  await using rig = new FleetRig();
  await rig.add("box", { maxJobs: 2 });
  const files = ["red", "blue"].map((colour) => graphOf(rig, colour));
  const clients = files.map((file, at) =>
    rig.start(file, "--no-link", "--store", join(rig.folder, `store${at}`)),
  );
  for (const { code, err } of await Promise.all(clients.map(({ ended }) => ended)))
    assert.equal(code, 0, err);
  assert.equal(rig.said.length, 2 * 2 * BUILDS);
  let [running, most] = [0, 0];
  for (const mark of rig.said) {
    running += mark === "begin" ? 1 : -1;
    most = Math.max(most, running);
  }
  assert.ok(most <= 2, `${most} at once`);
});

/** Builds beside each other that say when they begin and end, and one that needs them all. */
function graphOf(rig: FleetRig, colour: string): string {
  const names = Array.from({ length: BUILDS - 1 }, (_, at) => `${colour}${at}`);
  const script = `${rig.say("begin")}; ${WORK}; echo $name > $out; ${rig.say("end")}`;
  for (const name of names) rig.drvs.derive(name, { script });
  return rig.drvs.derive(colour, { script, inputs: names });
}

const BUILDS = 4;
const WORK = "i=0; while test $i -lt 20000; do i=$((i+1)); done";
