import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { shortRests } from "#base/rests.ts";
import { Courier } from "#build/engine/feed/courier.ts";
import type { Holder } from "#build/engine/site/site.ts";
import type { BuildEvent } from "#build/events.ts";
import { drv, EngineRig, type FakeBuilder } from "./engine-rig.ts";
import { pathNamed } from "./fake-store.ts";

test("between builders that reach each other nothing passes through here", async () => {
  const rig = alternating(6);
  rig.connectPeers();
  assert.equal((await rig.build("n5")).complete, true);
  assert.deepEqual(waysOf(rig), ["arm→x86", "x86→arm", "arm→x86", "x86→arm", "arm→x86"].map(direct));
  for (const builder of rig.builders.values()) {
    const sent = builder.pushes.flatMap(({ paths }) => paths);
    assert.equal(new Set(sent).size, sent.length, "each path is sent once");
  }
});

test("builders that do not reach each other are tried once each way, and the paths go through here", async () => {
  const rig = alternating(6);
  rig.connectPeers((from) => from !== "arm");
  assert.equal((await rig.build("n5")).complete, true);
  assert.equal(builderOf(rig, "arm").pushes.length, 1);
  assert.deepEqual(waysOf(rig), [
    direct("arm→x86"),
    "arm→x86 through-here",
    direct("x86→arm"),
    "arm→x86 through-here",
    direct("x86→arm"),
    "arm→x86 through-here",
  ]);
});

test("that two builders do not reach each other is remembered by the next run", async () => {
  const rig = alternating(2);
  rig.connectPeers(() => false);
  await rig.build("n1");
  rig.home.infos.delete(pathNamed("n1"));
  for (const name of ["n0", "n1"])
    for (const { store } of rig.builders.values()) store.infos.delete(pathNamed(name));
  assert.equal((await rig.build("n1")).complete, true);
  assert.equal(builderOf(rig, "arm").pushes.length, 1);
});

test("a builder that says that it sent what did not arrive is not believed", async () => {
  const rig = alternating(2);
  rig.connectPeers();
  builderOf(rig, "arm").peer = { uri: "fake://arm", push: async () => undefined };
  assert.equal((await rig.build("n1")).complete, true);
  assert.ok(waysOf(rig).includes("arm→x86 through-here"));
});

test("a builder that cannot send any more is given up, not the one that was to receive", async () => {
  const rig = alternating(2);
  const spare = rig.builder("spare-arm", { systems: ["aarch64-linux"], speedFactor: 0.1 });
  const arm = builderOf(rig, "arm");
  arm.script = () => {
    queueMicrotask(() => arm.vanish());
    return "Built";
  };
  const report = await rig.build("n1");
  assert.equal(report.complete, true);
  assert.deepEqual(downs(rig), ["arm"]);
  assert.deepEqual(spare.began, [drv("n0")]);
});

test("with 'all' every built output comes home, with 'none' not even what was asked for", async () => {
  for (const fetch of ["all", "requested", "none"] as const) {
    const rig = alternating(3);
    rig.fetch = fetch;
    for (const builder of rig.builders.values()) builder.outputsRefer = false;
    const report = await rig.build("n2");
    assert.equal(report.complete, true, fetch);
    const home = ["n0", "n1", "n2"].filter((name) => rig.home.infos.has(pathNamed(name)));
    assert.deepEqual(home, { all: ["n0", "n1", "n2"], requested: ["n2"], none: [] }[fetch]);
    assert.deepEqual([...report.lies], fetch === "none" ? [[pathNamed("n2"), "arm"]] : []);
    const ready = rig.events.filter((event) => event.kind === "path-ready");
    assert.deepEqual(
      ready.map(({ path, at }) => [path, at]),
      [[pathNamed("n2"), fetch === "none" ? "arm" : undefined]],
    );
    assert.deepEqual(report.origins.get(pathNamed("n2")), {
      kind: "built",
      builder: "arm",
      drvPath: drv("n2"),
    });
  }
});

test("what stays away and is there already says where, and nothing is built", async () => {
  const rig = alternating(1);
  rig.fetch = "none";
  builderOf(rig, "arm").store.hold(pathNamed("n0"));
  const report = await rig.build("n0");
  assert.equal(report.complete, true);
  assert.deepEqual(report.origins.get(pathNamed("n0")), { kind: "already-there", store: "arm" });
  assert.deepEqual(builderOf(rig, "arm").began, []);
});

test("of builders that hold something the one sends whose way has less on it", async () => {
  const rig = new EngineRig();
  for (const name of ["left", "right", "box"]) rig.builder(name);
  rig.connectPeers();
  const holderOf = (name: string): Holder => {
    const { store, peer } = builderOf(rig, name);
    return { name, store, peer };
  };
  const [left, right, box] = [holderOf("left"), holderOf("right"), holderOf("box")];
  const path = builderOf(rig, "left").store.hold(pathNamed("big"));
  const info = { ...builderOf(rig, "left").store.infos.get(path)!, narSize: 1 << 30 };
  const courier = new Courier({ rests: shortRests(), clock: systemClock, signal: rig.controller.signal });
  assert.equal(courier.nearest([left, right], box), left);
  const sending = courier.send(left, box, [info]);
  assert.equal(courier.nearest([left, right], box), right);
  assert.equal(await sending, true);
  assert.equal(courier.nearest([left, right], box), left);
  assert.equal(courier.nearest([{ ...right, peer: {} }], box), undefined);
});

test("a build does not wait for what others need", async () => {
  const rig = new EngineRig();
  const big = rig.home.hold(pathNamed("big-source"));
  rig.home.infos.set(big, { ...rig.home.infos.get(big)!, narSize: 1 << 30 });
  const small = rig.home.hold(pathNamed("small-source"));
  rig.derive("needs-big", [], { inputSources: [big] });
  rig.derive("needs-small", [], { inputSources: [small] });
  const box = rig.builder("box");
  const arrival = box.store.holdBack(big);
  const building = rig.build("needs-big", "needs-small");
  await box.hasBegun(1);
  assert.deepEqual(box.began, [drv("needs-small")]);
  arrival.resolve();
  assert.equal((await building).complete, true);
});

/** A chain of which each link is made on another builder than the one before. */
function alternating(links: number): EngineRig {
  const rig = new EngineRig();
  for (let at = 0; at < links; at++) {
    const system = at % 2 === 0 ? "aarch64-linux" : "x86_64-linux";
    rig.derive(`n${at}`, at > 0 ? [`n${at - 1}`] : [], { system });
  }
  rig.builder("arm", { systems: ["aarch64-linux"] });
  rig.builder("x86", { systems: ["x86_64-linux"] });
  return rig;
}

function builderOf(rig: EngineRig, name: string): FakeBuilder {
  return rig.builders.get(name)!;
}

/** Copies between builders, as `from→to route`. */
function waysOf({ events, builders }: EngineRig): string[] {
  return events.flatMap((event: BuildEvent) =>
    event.kind === "copy-started" && builders.has(event.from) && builders.has(event.to)
      ? [`${event.from}→${event.to} ${event.route}`]
      : [],
  );
}

function direct(way: string): string {
  return `${way} direct`;
}

function downs({ events }: EngineRig): string[] {
  return events.flatMap((event) => (event.kind === "builder-down" ? [event.builder] : []));
}
