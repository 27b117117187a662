import assert from "node:assert/strict";
import { test } from "node:test";
import { drv, EngineRig } from "./engine-rig.ts";
import { pathNamed } from "./fake-store.ts";
import { LanesRig } from "./lanes-rig.ts";

test("the links of a chain are asked for before the last has ended, as soon as one was quick", async () => {
  const rig = new LanesRig();
  rig.derive("n0");
  for (let i = 1; i < 5; i++) rig.derive(`n${i}`, [`n${i - 1}`]);
  const ended = rig.run();
  assert.deepEqual(await rig.asked(), [["n0"]]);
  await rig.end(0);
  assert.deepEqual(await rig.asked(), [["n1", "n2", "n3", "n4"]]);
  for (let i = 1; i < 5; i++) await rig.end(0);
  await ended;
  assert.deepEqual(
    rig.told,
    ["n0", "n1", "n2", "n3", "n4"].map((name) => `${name}: Built`),
  );
  assert.equal(rig.closed, 1);
});

test("what takes long is asked for alone, and has lanes beside it, twice as many each time, up to the builder's slots", async () => {
  const rig = new LanesRig();
  rig.lanesMax = 3;
  for (const name of ["a", "b", "c", "d"]) rig.derive(name);
  void rig.run();
  assert.deepEqual(await rig.asked(), [["a"]]);
  await rig.clock.goOn();
  assert.deepEqual(await rig.asked(), [["a"], ["b"]]);
  await rig.clock.goOn();
  assert.deepEqual(await rig.asked(), [["a"], ["b"], ["c"]]);
  await rig.end(1, { afterMs: 60_000 });
  assert.deepEqual(await rig.asked(), [["a"], ["d"], ["c"]]);
});

test("many builds have two lanes at once, and more only where they would wait long", async () => {
  const rig = new LanesRig();
  for (let i = 0; i < 90; i++) rig.derive(`n${i}`);
  void rig.run();
  assert.equal((await rig.asked()).length, 2);
  for (const lane of [0, 1]) await rig.end(lane, { afterMs: 2 });
  assert.equal((await rig.asked()).length, 2);

  const slower = new LanesRig();
  for (let i = 0; i < 90; i++) slower.derive(`n${i}`);
  void slower.run();
  assert.equal((await slower.asked()).length, 2);
  await slower.end(0, { afterMs: 45 });
  await slower.end(1);
  assert.equal((await slower.asked()).length, 4);
});

test("what stands behind a build that turns out to take long is asked for in another lane too, and told once", async () => {
  const rig = new LanesRig();
  rig.lanesThere = 2;
  for (const name of ["a", "long", "x", "y"]) rig.derive(name);
  const ended = rig.run();
  await rig.asked();
  await rig.end(0);
  assert.deepEqual(await rig.asked(), [["long", "x", "y"]]);
  await rig.clock.goTo(rig.clock.now() + 1000);
  assert.deepEqual(await rig.asked(), [["long", "x", "y"], ["x"]]);
  await rig.end(1);
  assert.deepEqual(await rig.asked(), [["long", "x", "y"], ["y"]]);
  await rig.end(1);
  await rig.end(0);
  await ended;
  assert.deepEqual(
    rig.told.toSorted(),
    ["a", "long", "x", "y"].map((name) => `${name}: Built`),
  );
});

test("a failure ends all, but with keep-going only what needs it", async () => {
  const rig = new LanesRig();
  rig.lanesThere = 1;
  for (const name of ["bad", "fine"]) rig.derive(name);
  rig.derive("above", ["bad"]);
  const ended = rig.run();
  await rig.asked();
  await rig.end(0, { status: "PermanentFailure" });
  await ended;
  assert.deepEqual(rig.told, ["bad: PermanentFailure", "fine: MiscFailure", "above: MiscFailure"]);

  const going = new LanesRig();
  going.keepGoing = true;
  going.lanesThere = 1;
  for (const name of ["bad", "fine"]) going.derive(name);
  going.derive("above", ["bad"]);
  const gone = going.run();
  await going.asked();
  await going.end(0, { status: "PermanentFailure" });
  await going.end(0);
  await gone;
  assert.deepEqual(going.told, ["bad: PermanentFailure", "above: MiscFailure", "fine: Built"]);
});

test("what needs a build that was lost is left for another time, and the rest is built", async () => {
  const rig = new LanesRig();
  rig.isFinal = false;
  rig.lanesThere = 1;
  for (const name of ["quick", "lost"]) rig.derive(name);
  rig.derive("above", ["lost"]);
  rig.derive("fine");
  const ended = rig.run();
  await rig.asked();
  await rig.end(0);
  assert.deepEqual(await rig.asked(), [["lost", "above", "fine"]]);
  await rig.end(0, { status: "TransientFailure" });
  await rig.end(0, { status: "DependencyFailed" });
  await rig.end(0);
  await assert.rejects(ended, { code: "INPUT_MISSING" });
  assert.deepEqual(rig.told, ["quick: Built", "lost: TransientFailure", "fine: Built"]);
});

test("a builder that opens lanes is not sent the derivations of a graph, and each output comes home", async () => {
  const rig = new EngineRig();
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
  rig.derive("n0");
  for (let i = 1; i < 20; i++) rig.derive(`n${i}`, [`n${i - 1}`]);
  const box = rig.builder("box", { takesGraphs: true });
  box.lanesMax = 2;
  const report = await rig.build(...names);
  assert.equal(report.complete, true);
  assert.deepEqual(box.began, names.map(drv));
  assert.deepEqual(box.store.received, []);
  assert.ok(names.every((name) => rig.home.infos.has(pathNamed(name))));
});

test("of lanes too a failure is told from its consequences", async () => {
  const rig = new EngineRig();
  rig.keepGoing = true;
  rig.derive("leaf");
  rig.derive("root", ["leaf"]);
  rig.derive("fine");
  const box = rig.builder("box", { takesGraphs: true });
  box.lanesMax = 1;
  box.script = (path) => (path === drv("leaf") ? "PermanentFailure" : "Built");
  const report = await rig.build("root", "fine");
  assert.equal(report.outcomes.get(drv("leaf"))?.kind, "failed");
  assert.equal(report.outcomes.get(drv("root"))?.kind, "dependency-failed");
  assert.equal(report.outcomes.get(drv("fine"))?.kind, "realised");
});

test("an interruption hangs up every lane", async () => {
  const rig = new EngineRig();
  for (const name of ["a", "b"]) rig.derive(name);
  const box = rig.builder("box", { takesGraphs: true });
  box.lanesMax = 2;
  box.script = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const built = rig.build("a", "b");
  await box.hasBegun(2);
  rig.controller.abort(new Error("stopped by hand"));
  await assert.rejects(built, /stopped by hand/);
  assert.equal(box.lanesClosed, 2);
});
