import assert from "node:assert/strict";
import { test } from "node:test";
import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import { realise } from "#build/engine/realise.ts";
import type { ConnectedSite } from "#build/engine/site/site.ts";
import { HandClock } from "#rig/hand-clock.ts";
import { TransportError } from "#transport/transport-error.ts";
import { drv, EngineRig, type FakeBuilder, healthWith } from "./engine-rig.ts";
import { pathNamed } from "./fake-store.ts";

test("what was asked for is built, brought home, and says where it came from", async () => {
  const rig = new EngineRig();
  rig.derive("leaf");
  rig.derive("root", ["leaf"]);
  rig.builder("box");
  const report = await rig.build("root");
  assert.equal(report.complete, true);
  assert.deepEqual(report.origins.get(pathNamed("root")), {
    kind: "built",
    builder: "box",
    drvPath: drv("root"),
  });
  assert.ok(rig.home.infos.has(pathNamed("root")));
});

test("nothing is built, and nobody is called, when the outputs are there", async () => {
  const rig = new EngineRig();
  rig.derive("root", []);
  rig.home.hold(pathNamed("root"));
  const box = rig.builder("box");
  const report = await rig.build("root");
  assert.deepEqual(report.origins.get(pathNamed("root")), { kind: "already-there", store: "home" });
  assert.equal(box.connections, 0);
});

test("nothing is built for a store that takes nothing, unless it is to stay where it was built", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  const box = rig.builder("box");
  rig.home.isReadOnly = true;
  await assert.rejects(rig.build("root"), { code: "READ_ONLY_STORE" });
  assert.deepEqual(box.began, []);
  const report = await realise({ ...rig.request("root"), fetch: "none" });
  assert.equal(report.origins.get(pathNamed("root"))?.kind, "built");
});

test("an output that a builder has from before is copied and not built again", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  const box = rig.builder("box");
  box.store.hold(pathNamed("root"));
  const report = await rig.build("root");
  assert.deepEqual(report.origins.get(pathNamed("root")), { kind: "copied", from: "box" });
  assert.deepEqual(box.began, []);
});

test("a builder that takes graphs is handed a chain in one request", async () => {
  const rig = new EngineRig();
  rig.derive("n0");
  for (let i = 1; i < 50; i++) rig.derive(`n${i}`, [`n${i - 1}`]);
  const box = rig.builder("box", { takesGraphs: true });
  const report = await rig.build("n49");
  assert.equal(report.complete, true);
  assert.deepEqual(box.requests, [50]);
});

test("a lone builder that takes graphs, and whose disk is full by the book, is not tried; it is said why and what to do", async () => {
  const rig = new EngineRig();
  rig.derive("leaf");
  rig.derive("root", ["leaf"]);
  rig.health = healthWith({ freeDiskBytes: 1024 * 1024 });
  const box = rig.builder("box", { takesGraphs: true });
  const report = await rig.build("root");
  assert.equal(report.complete, false);
  assert.deepEqual(box.began, []);
  const outcome = report.outcomes.get(drv("leaf"));
  assert.ok(outcome?.kind === "given-up");
  assert.match(outcome.message, /box: it has 1\.0 MiB of disk free, and the build needs about 4\.0 MiB/);
  assert.equal(outcome.hint, "free disk space on box, then: elsewhere builders probe box");
});

test("an intermediate output goes from builder to builder, and does not come home for good", async () => {
  const rig = new EngineRig();
  rig.derive("arm", [], { system: "aarch64-linux" });
  rig.derive("x86", ["arm"]);
  rig.builder("arm-box", { systems: ["aarch64-linux"] });
  const x86 = rig.builder("x86-box");
  const report = await rig.build("x86");
  assert.equal(report.complete, true);
  assert.ok(x86.store.infos.has(pathNamed("arm")), "it was relayed");
});

test("a builder that vanishes in the middle of a build costs an attempt, and another builder finishes", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  const fast = rig.builder("fast", { speedFactor: 4 });
  const slow = rig.builder("slow");
  fast.script = () => Promise.reject(fast.vanish());
  const report = await rig.build("root");
  assert.equal(report.complete, true);
  assert.deepEqual(slow.began, [drv("root")]);
  assert.ok(rig.events.some((event) => event.kind === "attempt-lost" && event.builder === "fast"));
});

test("outputs that only a vanished builder had are built again elsewhere", async () => {
  const rig = new EngineRig();
  rig.derive("leaf");
  rig.derive("root", ["leaf"]);
  const fast = rig.builder("fast", { speedFactor: 4 });
  const slow = rig.builder("slow");
  fast.script = (drvPath) => (drvPath === drv("root") ? Promise.reject(fast.vanish()) : "Built");
  const report = await rig.build("root");
  assert.equal(report.complete, true);
  assert.deepEqual(slow.began, [drv("leaf"), drv("root")]);
});

test("a source that lies nowhere fails what needs it once, with what to do, and no builder is blamed", async () => {
  const rig = new EngineRig();
  rig.derive("leaf");
  rig.derive("root", ["leaf"]);
  const box = rig.builder("box", { takesGraphs: true });
  rig.home.queryClosure = () =>
    Promise.reject(
      new ElsewhereError("SOURCE_MISSING", "Cannot find 'src' in /graph", { hint: "put it there" }),
    );
  const report = await rig.build("root");
  const outcome = report.outcomes.get(drv("leaf"));
  assert.equal(outcome?.kind === "failed" && outcome.message, "Cannot find 'src' in /graph\nput it there");
  assert.deepEqual(box.began, []);
  assert.ok(!rig.events.some(({ kind }) => kind === "builder-down" || kind === "attempt-lost"));
});

test("the builder's own failure is final, and what needs it is not begun", async () => {
  const rig = new EngineRig();
  rig.derive("leaf");
  rig.derive("root", ["leaf"]);
  const first = rig.builder("first");
  const second = rig.builder("second");
  first.script = () => "PermanentFailure";
  second.script = () => "PermanentFailure";
  const report = await rig.build("root");
  assert.equal(report.complete, false);
  assert.equal(first.began.length + second.began.length, 1);
  assert.equal(report.outcomes.get(drv("leaf"))?.kind, "failed");
  assert.deepEqual(report.outcomes.get(drv("root")), { kind: "dependency-failed", because: drv("leaf") });
});

test("with keep-going the rest is built after a failure", async () => {
  const rig = new EngineRig();
  rig.derive("bad");
  rig.derive("good");
  rig.keepGoing = true;
  const box = rig.builder("box", { maxJobs: 1 });
  box.script = (drvPath) => (drvPath === drv("bad") ? "PermanentFailure" : "Built");
  const report = await rig.build("bad", "good");
  assert.equal(report.outcomes.get(drv("good"))?.kind, "realised");
  assert.equal(report.complete, false);
});

test("a full disk sends the build to another builder", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  const full = rig.builder("full", { speedFactor: 9 });
  const roomy = rig.builder("roomy");
  full.script = () => Promise.reject(new Error("writing to file: No space left on device"));
  const report = await rig.build("root");
  assert.equal(report.complete, true);
  assert.deepEqual(roomy.began, [drv("root")]);
});

test("what no machine can build says what each one lacks and what to type", async () => {
  const rig = new EngineRig();
  rig.derive("vm", [], { env: new Map([["requiredSystemFeatures", "kvm"]]) });
  rig.builder("box");
  const report = await rig.build("vm");
  const outcome = report.outcomes.get(drv("vm"));
  assert.equal(outcome?.kind, "given-up");
  assert.match((outcome as { message: string }).message, /box: it lacks the feature kvm/);
  assert.match((outcome as { hint: string }).hint, /add kvm to field 6/);
});

test("a builder that does not answer is said to be down and the others do the work", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  const dead = rig.builder("dead", { speedFactor: 9 });
  dead.unreachable = "no answer within 5 s";
  rig.builder("box");
  const report = await rig.build("root");
  assert.equal(report.complete, true);
  assert.equal(dead.connections, 1);
  assert.ok(rig.events.some((event) => event.kind === "builder-down" && event.builder === "dead"));
});

/** Builds "root" on a builder beside one that is told to stop before it has connected, and `then` does that. */
async function buildBesideSlow(then: (slow: FakeBuilder) => Promise<ConnectedSite>): Promise<EngineRig> {
  const rig = new EngineRig();
  const clock = new HandClock();
  rig.clock = clock;
  rig.derive("root");
  rig.builder("box");
  const slow = rig.builder("slow");
  slow.connect = async (signal?: AbortSignal) => {
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    return await then(slow);
  };
  let isOver = false;
  const building = rig.build("root").finally(() => {
    isOver = true;
  });
  while (!isOver) await clock.goOn();
  assert.equal((await building).complete, true);
  return rig;
}

test("a builder that still connects when all is done is told to stop, and is not said to be down", async () => {
  const rig = await buildBesideSlow(async () => {
    throw new TransportError("TRANSPORT_LOST", "closed on this side");
  });
  assert.ok(!rig.events.some((event) => event.kind === "builder-down"));
});

test("one that connects although it was told to stop is closed", async () => {
  let isClosed = false;
  const close = async () => {
    isClosed = true;
  };
  const rig = await buildBesideSlow(async (slow) => ({
    store: slow.store,
    realiser: slow,
    trusted: true,
    [Symbol.asyncDispose]: close,
  }));
  assert.ok(isClosed);
  assert.ok(!rig.events.some((event) => event.kind === "builder-up" && event.builder === "slow"));
});

test("with no builder left the build is given up with the reason of each", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  rig.builder("dead").unreachable = "no answer within 5 s";
  const report = await rig.build("root");
  assert.match(
    (report.outcomes.get(drv("root")) as { message: string }).message,
    /dead: no answer within 5 s/,
  );
});

test("inputs reach a builder once, and many builds share one stream", async () => {
  const rig = new EngineRig();
  const source = rig.home.hold(pathNamed("source"));
  for (let i = 0; i < 8; i++) rig.derive(`n${i}`, [], { inputSources: [source] });
  const box = rig.builder("box", { maxJobs: 8 });
  await rig.build(...Array.from({ length: 8 }, (_, i) => `n${i}`));
  assert.deepEqual(box.store.received, [[source]]);
});

test("no more builds run on a builder than it has slots", async () => {
  const rig = new EngineRig();
  for (let i = 0; i < 6; i++) rig.derive(`n${i}`);
  const box = rig.builder("box", { maxJobs: 2 });
  let running = 0;
  let most = 0;
  box.script = async () => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    return "Built" as const;
  };
  await rig.build(...Array.from({ length: 6 }, (_, i) => `n${i}`));
  assert.equal(most, 2);
});

test("an interruption stops the run and reaches the builder", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  const box = rig.builder("box");
  const stopped = new Deferred<void>();
  box.script = (_, { signal }) => {
    signal.addEventListener("abort", () => stopped.resolve());
    return stopped.promise.then(() => "Cancelled" as const);
  };
  const building = rig.build("root");
  await box.hasBegun(1);
  rig.controller.abort(new Error("Interrupted by SIGINT"));
  await assert.rejects(building, /Interrupted by SIGINT/);
  await stopped.promise;
});

test("an untrusted builder gets the derivations instead of plain inputs", async () => {
  const rig = new EngineRig();
  rig.derive("root");
  const box = rig.builder("box");
  box.trusted = false;
  await rig.build("root");
  assert.ok(box.store.infos.has(drv("root")));
});

test("a graph with a failure in it tells the failure from its consequences", async () => {
  const rig = new EngineRig();
  rig.derive("leaf");
  rig.derive("root", ["leaf"]);
  const box = rig.builder("box", { takesGraphs: true });
  box.script = () => "PermanentFailure";
  const report = await rig.build("root");
  assert.equal(report.outcomes.get(drv("leaf"))?.kind, "failed");
  assert.equal(report.outcomes.get(drv("root"))?.kind, "dependency-failed");
});

test("what a builder did not begin for another's failure is asked for again", async () => {
  const rig = new EngineRig();
  rig.keepGoing = true;
  for (const name of ["bad", "fine"]) rig.derive(name);
  rig.derive("above", ["bad"]);
  const box = rig.builder("box", { takesGraphs: true });
  box.stopsAtFailure = true;
  box.script = (path) => (path === drv("bad") ? "PermanentFailure" : "Built");
  const report = await rig.build("above", "bad", "fine");
  assert.equal(report.outcomes.get(drv("bad"))?.kind, "failed");
  assert.equal(report.outcomes.get(drv("above"))?.kind, "dependency-failed");
  assert.equal(report.outcomes.get(drv("fine"))?.kind, "realised");
  assert.equal(box.began.filter((path) => path === drv("bad")).length, 1);
});

for (const passes of [true, false])
  test(`a builder whose disk was full gets ${passes ? "work again when" : "no more work unless"} a probe passes`, async () => {
    const rig = new EngineRig();
    const clock = new HandClock();
    rig.clock = clock;
    rig.derive("x");
    const box = rig.builder("box");
    box.script = () => {
      if (box.began.length === 1) throw new Error("writing to file: No space left on device");
      return "Built";
    };
    const begunAtProbe: number[] = [];
    rig.probe = async () => {
      begunAtProbe.push(box.began.length);
      return passes;
    };
    const building = rig.build("x");
    const isOver = building.then(() => true);
    while (!(await Promise.race([isOver, clock.goOn()])));
    assert.equal((await building).complete, passes);
    assert.equal(begunAtProbe[0], 1);
    assert.equal(box.began.length, passes ? 2 : 1);
  });

for (const stopsAtFailure of [false, true])
  test(`what a builder left undone for a build that ran out of space is tried again with it${stopsAtFailure ? ", also when the builder says nothing of it" : ""}`, async () => {
    const rig = new EngineRig();
    rig.derive("first");
    rig.derive("second", ["first"]);
    rig.derive("other");
    const box = rig.builder("box", { takesGraphs: true });
    box.stopsAtFailure = stopsAtFailure;
    let full = true;
    box.script = (drvPath) => {
      if (drvPath !== drv("first") || !full) return "Built";
      full = false;
      return "TransientFailure";
    };
    const report = await rig.build("second", "other");
    assert.equal(report.complete, true);
    for (const name of ["second", "other"]) assert.ok(rig.home.infos.has(pathNamed(name)));
  });
