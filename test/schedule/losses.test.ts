import assert from "node:assert/strict";
import { test } from "node:test";
import { builder, Desk, placed, task } from "./desk.ts";

const MB = 1_000_000;

test("a build that was lost is tried elsewhere at once, and where there is no elsewhere after a rest", () => {
  const two = new Desk([builder("a", { speedFactor: 2 }), builder("b")]);
  assert.deepEqual(two.ask([task("x")]), ["x@a"]);
  assert.deepEqual(placed(two.lose("x", "a")), ["x@b"]);
  const one = new Desk([builder("a")]);
  one.ask([task("x")]);
  assert.deepEqual(one.lose("x", "a"), []);
  assert.equal(one.reasonOf("x")?.kind, "backing-off");
  assert.deepEqual(placed(one.wake()), ["x@a"]);
});

test("each rest is longer, and after so many attempts it is given up with what needs it", () => {
  const desk = new Desk([builder("a")], { attemptsMax: 3 });
  desk.ask([task("x"), task("above", ["x"])]);
  desk.lose("x", "a");
  const firstMs = desk.wakeAtMs! - desk.nowMs;
  desk.wake();
  desk.lose("x", "a");
  assert.ok(desk.wakeAtMs! - desk.nowMs > firstMs);
  desk.wake();
  assert.deepEqual(desk.lose("x", "a"), [
    { kind: "give-up", task: "x", attempts: 3 },
    { kind: "skip", task: "above", because: "x" },
  ]);
  assert.equal(desk.open, 0);
});

test("a build that ran out of memory goes only where there is more", () => {
  const desk = new Desk([
    builder("small", { memoryBytes: 100 * MB, speedFactor: 4 }),
    builder("as-small", { memoryBytes: 100 * MB, speedFactor: 2 }),
    builder("large", { memoryBytes: 900 * MB }),
  ]);
  assert.deepEqual(desk.ask([task("x")]), ["x@small"]);
  assert.deepEqual(placed(desk.lose("x", "small", "out-of-memory")), ["x@large"]);
  const decisions = desk.lose("x", "large", "out-of-memory");
  assert.deepEqual(decisions, [{ kind: "give-up", task: "x", attempts: 2 }]);
});

test("one build that is lost everywhere speaks against itself, not against the builders", () => {
  const desk = new Desk([builder("a"), builder("b")], { attemptsMax: 9 });
  let [where] = desk.ask([task("poison")]);
  for (let attempt = 0; attempt < 4; attempt++) {
    const decisions = desk.lose("poison", where!.split("@")[1]!);
    [where] = placed(decisions.length > 0 ? decisions : desk.wakeUntilDecided());
  }
  desk.ask([task("fine")], { request: "s" });
  assert.ok(!Object.values(desk.verdicts("poison")).includes("suspended"));
});

test("a builder that loses two different builds is probed before it gets more, and comes back when it passes", () => {
  const desk = new Desk([builder("bad", { maxJobs: 2, speedFactor: 4 }), builder("good")]);
  assert.deepEqual(desk.ask([task("x"), task("y")]), ["x@bad", "y@bad"]);
  assert.deepEqual(placed(desk.lose("x", "bad")), ["x@good"]);
  desk.lose("y", "bad");
  desk.ask([task("z")], { request: "s" });
  assert.equal(desk.verdicts("z").bad, "suspended");
  assert.deepEqual(desk.wakeUntilDecided(), [{ kind: "probe", builder: "bad" }]);
  assert.deepEqual(placed(desk.tell({ kind: "probed", builder: "bad", passed: true })), ["z@bad"]);
});

test("a probe that fails makes the pause longer, and a loss on probation suspends at once", () => {
  const desk = new Desk([builder("bad")], { waitsForBuilders: true, attemptsMax: 20 });
  desk.ask([task("x"), task("y")]);
  desk.lose("x", "bad", "no-space");
  const pauseMs = () => desk.schedule.builders.get("bad")!.suspension!.untilMs - desk.nowMs;
  const firstMs = pauseMs();
  assert.deepEqual(desk.wakeUntilDecided(), [{ kind: "probe", builder: "bad" }]);
  desk.tell({ kind: "probed", builder: "bad", passed: false });
  assert.ok(pauseMs() > firstMs);
  assert.deepEqual(desk.wakeUntilDecided(), [{ kind: "probe", builder: "bad" }]);
  const [again] = placed(desk.tell({ kind: "probed", builder: "bad", passed: true }));
  const [id] = again!.split("@");
  desk.lose(id!, "bad", "transport");
  assert.equal(desk.verdicts(id === "x" ? "y" : "x").bad, "suspended");
});

test("a success takes away what was held against a builder", () => {
  const desk = new Desk([builder("box")], { attemptsMax: 9 });
  let [where] = desk.ask([task("x"), task("y"), task("z")]);
  const next = () => where!.split("@")[0]!;
  [where] = placed(desk.lose(next(), "box"));
  [where] = desk.succeed(next(), "box");
  desk.lose(next(), "box");
  assert.ok(!Object.values(desk.verdicts("x")).includes("suspended"));
});

test("a builder that was found slow is asked for a probe when the finding is old, so that it can recover", () => {
  const desk = new Desk([builder("box", { maxJobs: 2 })], { waitsForBuilders: true });
  desk.tell({ kind: "builder-found", builder: "box", facts: { speed: 0.1 } });
  desk.ask([task("a"), task("never", [], { system: "riscv64-linux" })]);
  desk.succeed("a", "box");
  assert.deepEqual(desk.wakeUntilDecided(), [{ kind: "probe", builder: "box" }]);
  desk.tell({ kind: "probed", builder: "box", passed: true, speed: 1.1 });
  assert.equal(desk.schedule.builders.get("box")!.speed, 1.1);
});

test("measured speed moves away from the declared factor by builds whose duration was foreseen", () => {
  const desk = new Desk([builder("liar", { speedFactor: 4 }), builder("honest")]);
  for (let round = 0; round < 60; round++) {
    const given = task(`t${round}`, [], { durationMs: 10_000 });
    const on = desk.ask([given], { request: `r${round}` })[0]!.split("@")[1]!;
    desk.nowMs += 20_000;
    desk.succeed(given.id, on, { durationMs: on === "liar" ? 20_000 : 10_000 });
  }
  assert.deepEqual(desk.ask([task("last")], { request: "last" }), ["last@honest"]);
});

test("a build that nobody is left for is given up, or waits where somebody may come", () => {
  const desk = new Desk([builder("box")]);
  desk.tell({ kind: "builder-changed", builder: "box", state: "down" });
  assert.deepEqual(desk.request([task("a"), task("b", ["a"])]), [
    { kind: "give-up", task: "a", attempts: 0 },
    { kind: "skip", task: "b", because: "a" },
  ]);
  const patient = new Desk([builder("box")], { waitsForBuilders: true });
  patient.tell({ kind: "builder-changed", builder: "box", state: "down" });
  assert.deepEqual(patient.ask([task("a")]), []);
  assert.equal(patient.reasonOf("a")?.kind, "nobody");
  assert.deepEqual(placed(patient.tell({ kind: "builder-changed", builder: "box", state: "up" })), ["a@box"]);
});

test("outputs that are gone are made again before what needs them", () => {
  const desk = new Desk([builder("a", { speedFactor: 9 }), builder("b")]);
  desk.ask([task("x"), task("y", ["x"])]);
  assert.deepEqual(desk.succeed("x", "a"), ["y@a"]);
  desk.tell({ kind: "builder-changed", builder: "a", state: "down" });
  assert.deepEqual(placed(desk.lose("y", "a", "vanished")), ["y@b"]);
  desk.lose("y", "b", "inputs-gone");
  assert.deepEqual(placed(desk.tell({ kind: "outputs-lost", tasks: ["x"] })), ["x@b"]);
  assert.deepEqual(desk.succeed("x", "b"), ["y@b"]);
});

test("what was built and is lost after its request was stopped is not waited for", () => {
  const desk = new Desk([builder("a", { maxJobs: 2 })]);
  desk.ask([task("x"), task("bad"), task("above", ["x", "bad"])], { keepGoing: false });
  desk.succeed("x", "a");
  desk.tell({ kind: "failed", task: "bad", builder: "a" });
  desk.tell({ kind: "outputs-lost", tasks: ["x"] });
  assert.equal(desk.open, 0);
});
