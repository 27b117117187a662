import assert from "node:assert/strict";
import { test } from "node:test";
import { drv, EngineRig, type FakeBuilder } from "./engine-rig.ts";
import { pathNamed } from "./fake-store.ts";

test("what a build needs arrives while the only slot is still busy", async () => {
  const rig = oneAfterTheOther();
  const box = rig.builder("box", { maxJobs: 1 });
  box.script = async (path) => {
    if (path === drv("first")) await box.store.hasTaken(pathNamed("second-source"));
    return "Built" as const;
  };
  assert.equal((await rig.build("first", "second")).complete, true);
  assert.deepEqual(box.began, [drv("first"), drv("second")]);
  assertSentOnce(box);
});

test("what another builder makes is sent as soon as it is made, and before that nothing for the build that needs it", async () => {
  const rig = new EngineRig();
  rig.derive("arm", [], { system: "aarch64-linux" });
  rig.derive("busy");
  const source = rig.home.hold(pathNamed("source"));
  rig.derive("above", ["arm"], { inputSources: [source] });
  const box = rig.builder("box", { maxJobs: 1 });
  const arm = rig.builder("arm-box", { systems: ["aarch64-linux"] });
  box.script = async (path) => {
    if (path === drv("busy")) await box.store.hasTaken(pathNamed("arm"));
    return "Built" as const;
  };
  arm.script = async () => {
    await box.hasBegun(1);
    assert.equal(box.store.infos.has(source), false);
    return "Built" as const;
  };
  assert.equal((await rig.build("busy", "above")).complete, true);
});

test("a build whose inputs were sent ahead may go elsewhere", async () => {
  const rig = oneAfterTheOther();
  rig.derive("beside");
  const [left, right] = ["left", "right"].map((name) => rig.builder(name, { maxJobs: 1 }));
  const sent = Promise.withResolvers<FakeBuilder>();
  for (const box of [left!, right!]) {
    void box.store.hasTaken(pathNamed("second-source")).then(() => sent.resolve(box));
    // Whoever was sent the inputs is busy until the other one has done the build.
    box.script = async (path) => {
      if (path === drv("second") || (await sent.promise) !== box) return "Built" as const;
      await (box === left ? right! : left!).hasBegun(2);
      return "Built" as const;
    };
  }
  assert.equal((await rig.build("first", "beside", "second")).complete, true);
  const idle = await sent.promise;
  assert.equal(idle.began.includes(drv("second")), false);
  for (const box of [left!, right!]) assertSentOnce(box);
});

test("a build does not wait for what is sent ahead for another", async () => {
  const rig = oneAfterTheOther();
  const own = rig.home.hold(pathNamed("own-source"));
  rig.derive("third", ["first"], { inputSources: [own] });
  const box = rig.builder("box", { maxJobs: 1 });
  const arrival = box.store.holdBack(pathNamed("second-source"));
  box.script = async (path) => {
    if (path === drv("first")) await isSending(rig);
    if (path === drv("third")) arrival.resolve();
    return "Built" as const;
  };
  assert.equal((await rig.build("first", "second", "third")).complete, true);
  assertSentOnce(box);
});

test("what is sent ahead is given up when the run stops", async () => {
  const rig = oneAfterTheOther();
  const box = rig.builder("box", { maxJobs: 1 });
  box.store.holdBack(pathNamed("second-source"));
  box.script = async (_, { signal }) => {
    await isSending(rig);
    rig.controller.abort(new Error("enough"));
    signal?.throwIfAborted();
    return "Built" as const;
  };
  await assert.rejects(rig.build("first", "second"), /enough/);
});

test("a store that cannot take what is sent ahead loses no build by it", async () => {
  const rig = oneAfterTheOther();
  const box = rig.builder("box", { maxJobs: 1 });
  const arrival = box.store.holdBack(pathNamed("second-source"));
  box.script = async (path) => {
    if (path === drv("first")) {
      await isSending(rig);
      arrival.reject(new Error("no room for it yet"));
      while (!rig.events.some(({ kind }) => kind === "copy-finished")) await new Promise(setImmediate);
      box.store.letGo(pathNamed("second-source"));
    }
    return "Built" as const;
  };
  assert.equal((await rig.build("first", "second")).complete, true);
  assert.equal(rig.events.filter(({ kind }) => kind === "attempt-lost").length, 0);
});

/** Two builds, of which the second, and the shorter chain, needs a source. */
function oneAfterTheOther(): EngineRig {
  const rig = new EngineRig();
  const source = rig.home.hold(pathNamed("second-source"));
  rig.derive("first");
  rig.derive("second", [], { inputSources: [source] });
  return rig;
}

/** Resolves when something is on its way to a builder. */
async function isSending({ events }: EngineRig): Promise<void> {
  while (!events.some(({ kind }) => kind === "copy-started")) await new Promise(setImmediate);
}

function assertSentOnce({ store }: FakeBuilder): void {
  const received = store.received.flat();
  assert.equal(new Set(received).size, received.length, received.join());
}
