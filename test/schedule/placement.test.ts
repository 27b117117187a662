import assert from "node:assert/strict";
import { test } from "node:test";
import { builder, Desk, placed, task } from "./desk.ts";

const MB = 1_000_000;
const MINUTE_MS = 60_000;

test("of what is ready the longest chain goes first, by what its builds took before", () => {
  const desk = new Desk([builder("box")]);
  const tasks = [task("many"), task("above", ["many"]), task("long", [], { durationMs: 10 * MINUTE_MS })];
  assert.deepEqual(desk.ask(tasks), ["long@box"]);
});

test("a build goes to the faster of two idle builders", () => {
  const desk = new Desk([builder("slow", { maxJobs: 2 }), builder("fast", { speedFactor: 2 })]);
  assert.deepEqual(desk.ask([task("a")]), ["a@fast"]);
});

test("a build waits for a builder that is so much faster that it ends sooner there", () => {
  const desk = new Desk([builder("slow"), builder("fast", { speedFactor: 10 })]);
  const long = { durationMs: 10 * MINUTE_MS };
  assert.deepEqual(desk.ask([task("a", [], long), task("b", [], long)]), ["a@fast"]);
  assert.equal(desk.reasonOf("b")?.kind, "better-builder");
  desk.nowMs += MINUTE_MS;
  assert.deepEqual(desk.succeed("a", "fast"), ["b@fast"]);
});

test("what waits for a builder that is drained meanwhile goes elsewhere, though nothing else happens", () => {
  const desk = new Desk([builder("fast", { speedFactor: 4 }), builder("slow")]);
  assert.deepEqual(desk.ask([task("long", [], { durationMs: 4400 })]), ["long@fast"]);
  assert.deepEqual(desk.ask([task("a", [], { durationMs: 3000 })], { request: "a" }), []);
  desk.nowMs = 1500;
  assert.deepEqual(desk.ask([task("b", [], { durationMs: 3000 })], { request: "b" }), []);
  desk.nowMs = 1600;
  desk.tell({ kind: "builder-changed", builder: "fast", state: "drained" });
  desk.tell({ kind: "withdrawn", request: "a" });
  // Whoever had said when to wake is gone.
  desk.wake();
  desk.nowMs = 2300;
  assert.deepEqual(desk.succeed("long", "fast"), []);
  assert.deepEqual(placed(desk.wakeUntilDecided()), ["b@slow"]);
});

test("it does not wait for longer than it would gain, when the estimate was wrong", () => {
  const desk = new Desk([builder("slow"), builder("fast", { speedFactor: 10 })]);
  const long = { durationMs: 10 * MINUTE_MS };
  desk.ask([task("a", [], long), task("b", [], long)]);
  const begunMs = desk.nowMs;
  assert.deepEqual(placed(desk.wakeUntilDecided()), ["b@slow"]);
  assert.ok(desk.nowMs - begunMs <= 10 * MINUTE_MS);
});

test("a native builder comes before one that emulates, unless its queue costs more than the slow-down", () => {
  const arm = { system: "aarch64-linux" };
  const both = ["x86_64-linux", "aarch64-linux"];
  const desk = new Desk([
    builder("x86", { systems: both, emulatedSystems: ["aarch64-linux"], maxJobs: 4 }),
    builder("arm", { systems: ["aarch64-linux"] }),
  ]);
  assert.deepEqual(desk.ask([task("first", [], arm)]), ["first@arm"]);
  assert.deepEqual(desk.ask([task("second", [], arm)], { request: "s" }), []);
  const many = Array.from({ length: 60 }, (_, index) => task(`more${index}`, [], arm));
  const queued = desk.ask(many, { request: "many" });
  assert.ok(queued.length > 0 && queued.every((one) => one.endsWith("@x86")), queued.join());
});

test("a build goes where its inputs are", () => {
  const desk = new Desk([builder("a", { maxJobs: 2 }), builder("b", { maxJobs: 2 })]);
  desk.tell({ kind: "paths-found", builder: "b", paths: [{ path: "big", bytes: 900 * MB }] });
  const inputs = [{ path: "big", bytes: 900 * MB }];
  assert.deepEqual(desk.ask([task("heavy", [], { inputs })]), ["heavy@b"]);
  assert.deepEqual(desk.ask([task("light")], { request: "s" }), ["light@a"]);
});

test("what a builder made draws what needs it", () => {
  const desk = new Desk([builder("a"), builder("b")]);
  const tasks = [task("x"), task("y"), task("on-x", ["x"]), task("on-y", ["y"])];
  assert.deepEqual(desk.ask(tasks), ["x@a", "y@b"]);
  assert.deepEqual(desk.succeed("y", "b", { outputBytes: 800 * MB }), ["on-y@b"]);
});

test("this machine comes first for what prefers it, and last for all else", () => {
  const fleet = [builder("here", { local: true, maxJobs: 2 }), builder("there", { maxJobs: 2 })];
  assert.deepEqual(new Desk(fleet).ask([task("text", [], { preferLocal: true })]), ["text@here"]);
  assert.deepEqual(new Desk(fleet).ask([task("program")]), ["program@there"]);
});

test("memory that a build needed before must be free, or it waits", () => {
  const desk = new Desk([builder("box", { maxJobs: 4, memoryBytes: 1000 * MB })]);
  const needs = { memoryBytes: 600 * MB };
  assert.deepEqual(desk.ask([task("a", [], needs), task("b", [], needs), task("c")]), ["a@box", "c@box"]);
  assert.deepEqual(desk.verdicts("b"), { box: "no-memory" });
  assert.deepEqual(desk.succeed("a", "box"), ["b@box"]);
});

test("what needed more memory than anybody has is tried with all that the largest has", () => {
  const [small, large] = [{ memoryBytes: 10 * MB }, { memoryBytes: 1000 * MB }];
  const desk = new Desk([builder("small", small), builder("large", large)]);
  assert.deepEqual(desk.ask([task("huge", [], { memoryBytes: 9000 * MB })]), ["huge@large"]);
});

test("a builder whose disk is too full for the outputs is left out", () => {
  const desk = new Desk([builder("box")], { waitsForBuilders: true });
  const found = (freeDiskBytes: number) =>
    desk.tell({ kind: "builder-found", builder: "box", facts: { freeDiskBytes } });
  found(10 * MB);
  assert.deepEqual(desk.ask([task("a", [], { outputBytes: 100 * MB })]), []);
  assert.deepEqual(desk.verdicts("a"), { box: "no-disk" });
  assert.deepEqual(placed(found(1000 * MB)), ["a@box"]);
});

test("cores are handed out so that all slots together have no more than there are", () => {
  const desk = new Desk([builder("box", { maxJobs: 4, cores: 18 })]);
  const decisions = desk.request(["a", "b", "c", "d"].map((id) => task(id)));
  const cores = decisions.map((decision) => (decision.kind === "assign" ? decision.cores : 0));
  assert.deepEqual(cores, [4, 4, 5, 5]);
});

test("a big-parallel build is given a whole machine, and one is emptied for it", () => {
  const big = { features: ["big-parallel"] };
  const desk = new Desk([builder("box", { supportedFeatures: ["big-parallel"], maxJobs: 4, cores: 16 })]);
  const long = { ...big, durationMs: 10 * MINUTE_MS };
  assert.deepEqual(desk.ask([task("big", [], long), task("small")]), ["big@box"]);
  assert.deepEqual(desk.verdicts("small"), { box: "full" });
  assert.deepEqual(desk.succeed("big", "box"), ["small@box"]);
  desk.ask([task("s1"), task("s2"), task("s3")], { request: "more" });
  desk.ask([task("big2", [], long)], { request: "big2" });
  assert.deepEqual(desk.succeed("s1", "box"), []);
  desk.ask([task("later")], { request: "later" });
  assert.deepEqual(desk.verdicts("later"), { box: "reserved" });
  assert.deepEqual(desk.succeed("s2", "box"), ["big2@box"]);
});

test("a builder with max-jobs 0 is given nothing", () => {
  const desk = new Desk([builder("none", { maxJobs: 0 }), builder("box")]);
  assert.deepEqual(desk.ask([task("a"), task("b")]), ["a@box"]);
  assert.deepEqual(desk.verdicts("b"), { none: "no-slots", box: "full" });
});

test("slots that others use there are not counted on", () => {
  const desk = new Desk([builder("box", { maxJobs: 2 })]);
  const others = (slotsOfOthers: number) =>
    desk.tell({ kind: "builder-found", builder: "box", facts: { slotsOfOthers } });
  others(1);
  assert.deepEqual(desk.ask([task("a"), task("b")]), ["a@box"]);
  assert.deepEqual(placed(others(0)), ["b@box"]);
});

test("a graph is handed as a whole to a lone builder that takes graphs, without what others must do", () => {
  const desk = new Desk([
    builder("x86", { takesGraphs: true, maxJobs: 8 }),
    builder("arm", { systems: ["aarch64-linux"] }),
  ]);
  const tasks = [
    task("a"),
    task("arm", ["a"], { system: "aarch64-linux" }),
    task("b", ["a"]),
    task("end", ["arm", "b"]),
  ];
  assert.deepEqual(desk.ask(tasks), ["a+b@x86"]);
});

test("a hundred builds for one builder go over as one request", () => {
  const desk = new Desk([builder("box", { takesGraphs: true, maxJobs: 8 })]);
  assert.equal(desk.ask(Array.from({ length: 100 }, (_, index) => task(`t${index}`))).length, 1);
});

test("a lone builder whose disk is full gets no graph, and says so", () => {
  const desk = new Desk([builder("box", { takesGraphs: true, maxJobs: 8 })], { waitsForBuilders: true });
  desk.tell({ kind: "builder-found", builder: "box", facts: { freeDiskBytes: MB } });
  assert.deepEqual(desk.ask([task("a"), task("b", ["a"])]), []);
  assert.deepEqual(desk.verdicts("a"), { box: "no-disk" });
  const freed = desk.tell({ kind: "builder-found", builder: "box", facts: { freeDiskBytes: 100 * MB } });
  assert.deepEqual(placed(freed), ["a+b@box"]);
});

test("of a graph only what a lone builder has disk for goes over, and the rest when more is known to be free", () => {
  const desk = new Desk([builder("box", { takesGraphs: true, maxJobs: 8 })]);
  desk.tell({ kind: "builder-found", builder: "box", facts: { freeDiskBytes: 100 * MB } });
  const large = { outputBytes: 40 * MB };
  const tasks = [task("a", [], large), task("b", ["a"], large), task("c", ["b"], large), task("d", ["c"])];
  assert.deepEqual(desk.ask(tasks), ["a+b@box"]);
  desk.succeed("a", "box");
  assert.deepEqual(desk.succeed("b", "box"), ["c+d@box"]);
});

test("of a graph only so much goes over as has memory together on a lone builder, however it orders it", () => {
  const desk = new Desk([builder("box", { takesGraphs: true, maxJobs: 2 })]);
  desk.tell({ kind: "builder-found", builder: "box", facts: { memoryBytes: 100 * MB } });
  const hungry = (memoryBytes: number) => ({ memoryBytes, durationMs: memoryBytes / MB });
  const tasks = [
    task("a", [], hungry(60 * MB)),
    task("b", [], hungry(50 * MB)),
    task("c", [], hungry(30 * MB)),
    task("d", [], hungry(20 * MB)),
  ];
  assert.deepEqual(desk.ask(tasks), ["a+c+d@box"]);
  for (const done of ["a", "c"]) assert.deepEqual(desk.succeed(done, "box"), []);
  assert.deepEqual(desk.succeed("d", "box"), ["b@box"]);
});

test("a lone builder that is drained gets no graph", () => {
  const desk = new Desk([builder("box", { takesGraphs: true, maxJobs: 8 })], { waitsForBuilders: true });
  desk.tell({ kind: "builder-changed", builder: "box", state: "drained" });
  assert.deepEqual(desk.ask([task("a"), task("b", ["a"])]), []);
  assert.deepEqual(desk.verdicts("a"), { box: "drained" });
});

test("nothing is handed over as a whole while another builder may still come up", () => {
  const desk = new Desk([builder("one", { takesGraphs: true }), builder("two", { takesGraphs: true })]);
  desk.tell({ kind: "builder-changed", builder: "two", state: "connecting" });
  assert.deepEqual(desk.ask([task("a"), task("b", ["a"])]), ["a@one"]);
});

test("a decision carries the parts of its score, which add up, and what was said of the others", () => {
  const desk = new Desk([builder("box", { speedFactor: 2 }), builder("other")], { othersMax: 8 });
  const inputs = [{ path: "source", bytes: 50 * MB }];
  const [decision] = desk.request([task("a", [], { inputs, durationMs: 20_000 }), task("above", ["a"])]);
  assert.ok(decision?.kind === "assign");
  const { score, others } = decision;
  assert.equal(score.durationMs, 10_000);
  assert.equal(score.missingBytes, 50 * MB);
  assert.ok(score.transferMs > 0);
  assert.equal(score.totalMs, score.durationMs + score.transferMs + score.loadMs + score.localMs);
  assert.equal(score.criticalPathMs, 50_000);
  assert.deepEqual(
    others.map(({ builder, obstacle, score }) => [builder, obstacle, score?.durationMs]),
    [["other", undefined, 20_000]],
  );
});
