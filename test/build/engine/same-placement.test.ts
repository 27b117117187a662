import assert from "node:assert/strict";
import { test } from "node:test";
import type { StorePath } from "#nix/store-path.ts";
import { HandClock } from "#rig/hand-clock.ts";
import { drv, EngineRig } from "./engine-rig.ts";
import { pathNamed } from "./fake-store.ts";

test("the same graph on the same builders is placed in the same way in every run", async () => {
  const [first, second] = [await placementsOf(1000), await placementsOf(1000)];
  assert.deepEqual(second, first);
  assert.equal(first.length, LAYERS * WIDTH + 1);
  assert.equal(new Set(first.map((placed) => placed.split("@")[1])).size, 3);
  // What takes another time is placed in another way: it is not the order of the graph alone.
  assert.notDeepEqual(await placementsOf(7000), first);
});

/** `derivation@builder` in the order of the attempts, of a run in which builds take up to `spanMs`. */
async function placementsOf(spanMs: number): Promise<string[]> {
  const rig = new EngineRig();
  const clock = new HandClock();
  rig.clock = clock;
  graphIn(rig);
  for (const [name, speedFactor, maxJobs] of BUILDERS)
    rig.builder(name, { speedFactor, maxJobs }).script = async (path) => {
      await clock.sleep(durationOf(path, spanMs) / speedFactor);
      return "Built" as const;
    };
  let isOver = false;
  const building = rig.build("root").finally(() => (isOver = true));
  while (!isOver) await clock.goOn();
  assert.equal((await building).complete, true);
  return rig.events.flatMap((event) =>
    event.kind === "attempt-started" ? [`${event.drvPath.slice(33)}@${event.builder}`] : [],
  );
}

/** Layers of builds with a source each, of which each needs two of the layer before. */
function graphIn(rig: EngineRig): void {
  let before: string[] = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    const names = Array.from({ length: WIDTH }, (_, at) => `n${layer}x${at}`);
    for (const [at, name] of names.entries()) {
      const inputs = before.length > 0 ? [before[at]!, before[(at + 3) % WIDTH]!] : [];
      rig.derive(name, inputs, { inputSources: [rig.home.hold(pathNamed(`${name}-source`))] });
    }
    before = names;
  }
  rig.derive("root", before);
}

/** Of its name alone, and of no two alike. */
function durationOf(path: StorePath, spanMs: number): number {
  return path === drv("root")
    ? 1
    : (Number.parseInt(path.replace(/[^0-9]/g, "").slice(0, 6), 10) % spanMs) + 1;
}

const BUILDERS = [
  ["slow", 1, 2],
  ["fast", 3, 3],
  ["usual", 2, 2],
] as const;
const LAYERS = 6;
const WIDTH = 9;
