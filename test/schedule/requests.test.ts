import assert from "node:assert/strict";
import { test } from "node:test";
import { builder, Desk, placed, task } from "./desk.ts";

test("what several requests ask for runs once, and both have it", () => {
  const desk = new Desk([builder("a")]);
  assert.deepEqual(desk.ask([task("x")], { request: "one" }), ["x@a"]);
  assert.deepEqual(desk.ask([task("x"), task("y", ["x"])], { request: "two" }), []);
  assert.deepEqual(desk.succeed("x", "a"), ["y@a"]);
});

test("taking back one request leaves what others need, and stops what nobody needs", () => {
  const desk = new Desk([builder("a", { maxJobs: 2 })]);
  desk.ask([task("shared"), task("own"), task("above", ["own"])], { request: "one" });
  desk.ask([task("shared"), task("last", ["shared"])], { request: "two", principal: "other" });
  assert.deepEqual(desk.tell({ kind: "withdrawn", request: "one" }), [
    { kind: "cancel", builder: "a", task: "own" },
  ]);
  assert.equal(desk.reasonOf("above"), undefined);
  desk.lose("own", "a", "cancelled");
  assert.deepEqual(desk.succeed("shared", "a"), ["last@a"]);
  assert.equal(desk.open, 1);
});

test("what is being stopped and is asked for again begins anew, and loses no attempt by it", () => {
  const desk = new Desk([builder("a")], { attemptsMax: 1 });
  desk.ask([task("x")], { request: "one" });
  desk.tell({ kind: "withdrawn", request: "one" });
  desk.ask([task("x")], { request: "two" });
  assert.deepEqual(desk.reasonOf("x"), { kind: "stopping" });
  assert.deepEqual(placed(desk.lose("x", "a", "cancelled")), ["x@a"]);
});

test("a failure is final for what needs it, and for nothing else", () => {
  const desk = new Desk([builder("a", { maxJobs: 2 })]);
  desk.ask([task("bad"), task("above", ["bad"]), task("fine")]);
  const decisions = desk.tell({ kind: "failed", task: "bad", builder: "a" });
  assert.deepEqual(decisions, [{ kind: "skip", task: "above", because: "bad" }]);
  assert.equal(desk.open, 1);
});

test("without keep-going a failure begins nothing more of its own request, and all of the others'", () => {
  const desk = new Desk([builder("a")]);
  desk.ask([task("bad", [], { durationMs: 90_000 }), task("rest")], { request: "one", keepGoing: false });
  desk.ask([task("other")], { request: "two", principal: "else" });
  const decisions = desk.tell({ kind: "failed", task: "bad", builder: "a" });
  assert.deepEqual(placed(decisions), ["other@a"]);
  assert.deepEqual(desk.reasonOf("rest"), { kind: "stopped" });
  assert.equal(desk.open, 1);
});

test("principals share the builders, however much one of them asks for", () => {
  const desk = new Desk([builder("a")]);
  const many = Array.from({ length: 50 }, (_, index) => task(`m${index}`));
  let [running] = desk.ask(many, { request: "many", principal: "greedy" });
  const few = ["s0", "s1", "s2"].map((id) => task(id));
  desk.ask(few, { request: "few", principal: "modest" });
  const order: string[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const [id] = running!.split("@");
    order.push(id![0]!);
    desk.nowMs += 1000;
    [running] = desk.succeed(id!, "a");
  }
  assert.equal(order.filter((one) => one === "s").length, 3, order.join(""));
});

test("a higher priority goes first among one's own", () => {
  const desk = new Desk([builder("a")]);
  desk.ask([task("running")], { request: "first" });
  desk.ask([task("usual", [], { durationMs: 40_000 })], { request: "usual" });
  desk.ask([task("urgent")], { request: "urgent", priority: 5 });
  assert.deepEqual(desk.succeed("running", "a"), ["urgent@a"]);
});

test("nothing waits for ever while new things come", () => {
  const desk = new Desk([builder("a")]);
  let [running] = desk.ask([task("first")], { request: "first" });
  desk.ask([task("old")], { request: "old" });
  const ran: string[] = [];
  for (let round = 0; round < 60 && !ran.includes("old"); round++) {
    const chain = [task(`l${round}`), task(`m${round}`, [`l${round}`]), task(`n${round}`, [`m${round}`])];
    desk.ask(chain, { request: `r${round}` });
    desk.nowMs += 30_000;
    const id = running!.split("@")[0]!;
    ran.push(id);
    [running] = desk.succeed(id, "a");
  }
  assert.ok(ran.includes("old"), "it never ran");
});

test("each that waits says why", () => {
  const kvm = { supportedFeatures: ["kvm"], mandatoryFeatures: ["kvm"] };
  const fleet = [builder("x86"), builder("kvm", kvm), builder("gone"), builder("kept")];
  const desk = new Desk(fleet, { waitsForBuilders: true });
  desk.tell({ kind: "builder-changed", builder: "gone", state: "down" });
  desk.tell({ kind: "builder-changed", builder: "kept", state: "drained" });
  desk.ask([
    task("a", [], { durationMs: 90_000 }),
    task("b"),
    task("c", ["a"]),
    task("arm", [], { system: "aarch64-linux" }),
    task("gpu", [], { features: ["gpu"] }),
  ]);
  assert.deepEqual(desk.reasonOf("c"), { kind: "inputs", tasks: ["a"] });
  assert.equal(desk.reasonOf("a"), undefined);
  assert.equal(desk.reasonOf("b")?.kind, "builders");
  assert.deepEqual(desk.verdicts("b"), {
    x86: "full",
    kvm: "mandatory-features",
    gone: "down",
    kept: "drained",
  });
  assert.equal(desk.reasonOf("arm")?.kind, "nobody");
  assert.equal(desk.verdicts("arm").x86, "system");
  assert.equal(desk.verdicts("gpu").x86, "missing-features");
  desk.tell({ kind: "stopped" });
  assert.deepEqual(desk.reasonOf("b"), { kind: "stopped" });
});

test("a request that needs what it does not bring is refused", () => {
  const desk = new Desk([builder("a")]);
  assert.throws(() => desk.ask([task("x", ["unknown"])]), /what it needs, 'unknown'/);
});

test("a request that lengthens the chains of another is taken at once, however many ways lead through them", () => {
  const layers = 60;
  const known = Array.from({ length: layers * 3 }, (_, index) => {
    const below = Math.floor(index / 3) * 3 - 3;
    return task(`t${index}`, below < 0 ? [] : [0, 1, 2].map((pick) => `t${below + pick}`), {
      durationMs: 1000,
    });
  });
  const desk = new Desk([builder("a", { maxJobs: 0 })], { waitsForBuilders: true });
  desk.ask(known, { request: "first" });
  const top = task(
    "top",
    known.slice(-3).map(({ id }) => id),
    { durationMs: 5000 },
  );
  desk.ask([...known, top], { request: "second" });
  assert.equal(desk.schedule.tasks.get("t0")!.pathMs, layers * 1000 + 5000);
});
