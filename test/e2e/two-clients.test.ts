import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { followRun } from "#build/journal/follow-run.ts";
import { RunFolder, runIds } from "#build/journal/run-folder.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { FleetRig } from "./fleet-rig.ts";

test("two clients at once share a builder, and it never has more builds than slots", {
  skip: withoutSshd,
}, async () => {
  await using rig = new FleetRig();
  await rig.add("box", { maxJobs: SLOTS });
  const files = ["red", "blue"].map((colour) => graphOf(rig, colour));
  const clients = files.map((file, at) =>
    rig.start(file, "--no-link", "--store", join(rig.folder, `store${at}`)),
  );
  await Promise.all(clients.map((client) => client.says(/derivations to build/)));
  const builds = files.length * BUILDS;
  await rig.hasSaid(SLOTS);
  const building = await Promise.all(runIds(rig.stateDir).map((id) => hasBegun(rig, id)));
  // Both of them, if both have a build that runs: nothing ends before that is known.
  for (let said = SLOTS; coloursOf(rig.said).size < building.filter(Boolean).length; said++)
    await rig.hasSaid(said + 1);
  for (let gone = 0; gone < builds; gone++) {
    await rig.hasSaid(2 * gone + 1);
    rig.letGo();
  }
  for (const { code, err } of await Promise.all(clients.map(({ ended }) => ended)))
    assert.equal(code, 0, err);
  assert.equal(rig.said.length, 2 * builds);
  assert.equal(mostAtOnce(rig.said), SLOTS);
});

/** Whether a run has builds that run; false once it has said why they wait. */
async function hasBegun({ stateDir }: FleetRig, id: string): Promise<boolean> {
  const { signal } = new AbortController();
  const ended = new Promise<void>(() => undefined);
  for await (const { kind } of followRun(new RunFolder(stateDir, id).events, { ended, signal }))
    if (kind === "build-began" || kind === "build-held") return kind === "build-began";
  return false;
}

function coloursOf(said: readonly string[]): Set<string> {
  return new Set(said.map((mark) => mark.split(" ")[1]!));
}

/** Builds beside each other that say when they begin and end, and one that needs them all. */
function graphOf(rig: FleetRig, colour: string): string {
  const names = Array.from({ length: BUILDS - 1 }, (_, at) => `${colour}${at}`);
  const script = `${rig.say(`begin ${colour}`)}; ${rig.wait}; echo $name > $out; ${rig.say(`end ${colour}`)}`;
  for (const name of names) rig.drvs.derive(name, { script });
  return rig.drvs.derive(colour, { script, inputs: names });
}

function mostAtOnce(said: readonly string[]): number {
  let [running, most] = [0, 0];
  for (const mark of said) {
    running += mark.startsWith("begin") ? 1 : -1;
    most = Math.max(most, running);
  }
  return most;
}

const SLOTS = 2;
const BUILDS = 4;
