import assert from "node:assert/strict";
import { test } from "node:test";
import { lostOutputs } from "#build/engine/plan/lost-outputs.ts";
import type { PlannedBuild } from "#build/engine/plan/plan.ts";
import type { BuildOutcome } from "#build/events.ts";
import { drv, EngineRig } from "./engine-rig.ts";

test("only what something still needs is made again, and what that needs in turn", () => {
  // leaf ← middle ← end, and side, which nobody needs any more.
  const builds = [build("leaf"), build("side"), build("middle", "leaf"), build("end", "middle")];
  const done = (...names: string[]) => new Map(names.map((name) => [drv(name), REALISED]));
  const lost = (ended: ReadonlyMap<ReturnType<typeof drv>, BuildOutcome>, kept: readonly string[]) =>
    lostOutputs({
      builds,
      ended,
      isKept: ({ drvPath }) => kept.some((name) => drv(name) === drvPath),
      isAwaited: () => false,
    });
  assert.deepEqual(lost(done("leaf", "side", "middle"), []), [drv("leaf"), drv("middle")]);
  assert.deepEqual(lost(done("leaf", "side", "middle"), ["middle"]), []);
  assert.deepEqual(lost(done("leaf", "side", "middle"), ["leaf"]), [drv("middle")]);
  assert.deepEqual(lost(done("leaf", "side", "middle", "end"), []), []);
});

test("what a vanished builder had made is made again at once, and no attempt is wasted on its absence", async () => {
  const rig = new EngineRig();
  for (let at = 0; at < 8; at++) rig.derive(`n${at}`);
  rig.derive("root", ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"]);
  const doomed = rig.builder("doomed", { maxJobs: 1, speedFactor: 8 });
  rig.builder("well", { maxJobs: 1 });
  doomed.script = () => (doomed.began.length > 3 ? Promise.reject(doomed.vanish()) : "Built");
  const report = await rig.build("root");
  assert.equal(report.complete, true);
  const losses = rig.events.filter((event) => event.kind === "attempt-lost" && event.loss === "inputs-gone");
  assert.deepEqual(losses, []);
});

const REALISED: BuildOutcome = {
  kind: "realised",
  builder: "box",
  how: "built",
  outputs: new Map(),
  durationMs: 1,
};

function build(name: string, ...needs: readonly string[]): PlannedBuild {
  return { drvPath: drv(name), needs: needs.map(drv), outputs: ["out"] } as unknown as PlannedBuild;
}
