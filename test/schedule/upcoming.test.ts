import assert from "node:assert/strict";
import { test } from "node:test";
import { builder, Desk, task } from "./desk.ts";

const MB = 1_000_000;
const MINUTE_MS = 60_000;

test("what comes next on a full builder is what it is given when its slot is free", () => {
  const desk = new Desk([builder("box")]);
  const tasks = [5, 4, 3, 2, 1].map((minutes) =>
    task(`t${minutes}`, [], { durationMs: minutes * MINUTE_MS }),
  );
  let running = desk.ask(tasks);
  for (const minutes of [5, 4, 3, 2]) {
    const [next] = desk.upcoming("box");
    running = desk.succeed(`t${minutes}`, "box");
    assert.deepEqual(running, [`${next}@box`]);
  }
  assert.deepEqual(desk.upcoming("box"), []);
});

test("what waits for its inputs does not come next, and nothing does on a builder with a free slot", () => {
  const desk = new Desk([builder("box"), builder("idle", { systems: ["aarch64-linux"] })]);
  desk.ask([task("a"), task("on-a", ["a"])]);
  assert.deepEqual(desk.upcoming("box"), []);
  assert.deepEqual(desk.upcoming("idle"), []);
  desk.ask([task("b")], { request: "s" });
  assert.deepEqual(desk.upcoming("box", 8), ["b"]);
});

test("builders that are alike are foreseen different builds, in the order in which they are expected to be free", () => {
  const desk = new Desk([builder("a"), builder("b")]);
  const minutes = (count: number) => ({ durationMs: count * MINUTE_MS });
  const tasks = [task("short", [], minutes(7)), task("long", [], minutes(9))];
  assert.deepEqual(desk.ask(tasks), ["long@a", "short@b"]);
  desk.ask([task("first", [], minutes(3)), task("second", [], minutes(2))], { request: "s" });
  assert.deepEqual([desk.upcoming("a"), desk.upcoming("b")], [["second"], ["first"]]);
});

test("a build whose inputs are on a full builder comes next there, though others are more urgent", () => {
  const desk = new Desk([builder("a")]);
  const inputs = [{ path: "big", bytes: 900 * MB }];
  desk.ask([task("running", [], { durationMs: 9 * MINUTE_MS })]);
  desk.tell({ kind: "paths-found", builder: "a", paths: inputs });
  desk.ask([task("urgent", [], { durationMs: 2 * MINUTE_MS }), task("near", [], { inputs })], {
    request: "s",
  });
  assert.deepEqual(desk.upcoming("a", 8), ["near", "urgent"]);
});

test("nothing comes next on a builder that is drained, and its runs stand before nobody", () => {
  const desk = new Desk([builder("a"), builder("b")]);
  desk.ask([task("x"), task("y"), task("z")]);
  assert.deepEqual([desk.upcoming("a"), desk.upcoming("b")], [["z"], []]);
  desk.tell({ kind: "builder-changed", builder: "a", state: "drained" });
  assert.deepEqual([desk.upcoming("a"), desk.upcoming("b")], [[], ["z"]]);
});

test("what a builder lost does not come next there while another is left to try it", () => {
  const desk = new Desk([builder("a"), builder("b")]);
  assert.deepEqual(desk.ask([task("x"), task("y")]), ["x@a", "y@b"]);
  desk.lose("x", "a", "no-space");
  desk.nowMs += MINUTE_MS;
  desk.tell({ kind: "woken" });
  desk.tell({ kind: "probed", builder: "a", passed: true });
  assert.deepEqual(desk.ask([task("z")], { request: "s" }), ["z@a"]);
  assert.equal(desk.reasonOf("x")?.kind, "builders");
  assert.deepEqual([desk.upcoming("a", 8), desk.upcoming("b", 8)], [[], ["x"]]);
});
