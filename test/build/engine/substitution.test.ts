import assert from "node:assert/strict";
import { test } from "node:test";
import { Deferred } from "#base/deferred.ts";
import type { BuildStatus } from "#nix/build-result.ts";
import { EngineRig } from "./engine-rig.ts";
import { FakeCachingStore } from "./fake-caching-store.ts";
import { pathNamed } from "./fake-store.ts";

const STAGES: ReadonlySet<string> = new Set([
  "attempt-started",
  "build-finished",
  "fetch-finished",
  "fetch-started",
  "inputs-awaited",
  "inputs-fetched",
  "inputs-sent",
]);

/** Where something would wait for what it must not wait for, it would wait for ever. */
const IN_TIME = { timeout: 20_000 };

test("what a cache has is fetched while the rest is built", IN_TIME, async () => {
  const { rig, cache } = world();
  rig.derive("cached");
  rig.derive("made");
  const begun = new Deferred<void>();
  cache.offer(pathNamed("cached"), () => begun.promise);
  rig.builder("one").script = () => {
    begun.resolve();
    return "Built";
  };
  const report = await rig.build("cached", "made");
  assert.equal(report.complete, true);
  assert.deepEqual(report.origins.get(pathNamed("cached")), {
    kind: "substituted",
    builder: "home",
    from: "fake://cache",
    signedBy: ["cache-1"],
  });
});

test("a build waits for its own inputs and not for those of others", IN_TIME, async () => {
  const { rig, cache } = world();
  for (const name of ["quick", "slow"]) rig.derive(name);
  rig.derive("first", ["quick"]);
  rig.derive("second", ["slow"]);
  const firstIsBuilt = new Deferred<void>();
  cache.offer(pathNamed("quick"));
  cache.offer(pathNamed("slow"), () => firstIsBuilt.promise);
  const builder = rig.builder("one");
  builder.script = () => {
    firstIsBuilt.resolve();
    return "Built";
  };
  assert.equal((await rig.build("second", "first")).complete, true);
  assert.deepEqual(builder.began.map(nameOf), ["first.drv", "second.drv"]);
  assert.deepEqual(cache.asked.toSorted(), [pathNamed("quick"), pathNamed("slow")].sort());
});

test(
  "a build whose input is still on its way from a cache is fetched for, then sent, then built",
  IN_TIME,
  async () => {
    const { rig, cache } = world();
    rig.derive("cached");
    rig.derive("late", ["cached"]);
    const awaited = new Deferred<void>();
    cache.offer(pathNamed("cached"), () => awaited.promise);
    rig.builder("one");
    const run = rig.build("late");
    await rig.hasTold(({ kind }) => kind === "inputs-awaited");
    awaited.resolve();
    assert.equal((await run).complete, true);
    const stages = rig.events.flatMap((event) => (STAGES.has(event.kind) ? [event.kind] : []));
    assert.deepEqual(stages, [
      ...["fetch-started", "attempt-started", "inputs-awaited", "fetch-finished"],
      ...["inputs-fetched", "inputs-sent", "build-finished"],
    ]);
    const begun = rig.events.find((event) => event.kind === "fetch-started");
    assert.ok(begun?.kind === "fetch-started");
    assert.deepEqual([begun.path, begun.from, begun.to], [pathNamed("cached"), "fake://cache", "home"]);
  },
);

test("inputs are fetched before a slot is free for what needs them", IN_TIME, async () => {
  const { rig, cache } = world();
  rig.derive("cached");
  rig.derive("early");
  rig.derive("late", ["cached"]);
  const fetched = new Deferred<void>();
  cache.offer(pathNamed("cached"), () => fetched.resolve());
  rig.builder("one", { maxJobs: 1 }).script = async (): Promise<BuildStatus> => {
    await fetched.promise;
    return "Built";
  };
  assert.equal((await rig.build("early", "late")).complete, true);
});

test(
  "a wish that a cache promised and did not give ends the run, and the builds that go on beside it",
  IN_TIME,
  async () => {
    const { rig, cache } = world();
    rig.derive("cached");
    rig.derive("made");
    const builder = rig.builder("one");
    const stopped = new Deferred<void>();
    builder.script = async (_, { signal }) => {
      await new Promise((resolve) => signal!.addEventListener("abort", resolve));
      stopped.resolve();
      throw signal!.reason;
    };
    cache.offer(pathNamed("cached"), async () => {
      await builder.hasBegun(1);
      throw new Error("the connection was cut");
    });
    await assert.rejects(rig.build("cached", "made"), { code: "SUBSTITUTION_FAILED" });
    await stopped.promise;
  },
);

test("with fallback, a wish that was not given is built", IN_TIME, async () => {
  const { rig, cache } = world({ fallback: true });
  rig.derive("cached");
  rig.derive("made");
  cache.offer(pathNamed("cached"), broken);
  const builder = rig.builder("one");
  assert.equal((await rig.build("cached", "made")).complete, true);
  assert.deepEqual(builder.began.map(nameOf).sort(), ["cached.drv", "made.drv"]);
  assert.deepEqual(cache.asked, [pathNamed("cached")], "it is asked once");
});

test("with fallback, an input that was not given is built, and what needs it then", IN_TIME, async () => {
  const { rig, cache } = world({ fallback: true });
  rig.derive("cached");
  rig.derive("middle", ["cached"]);
  rig.derive("top", ["middle"]);
  cache.offer(pathNamed("cached"), broken);
  const builder = rig.builder("one");
  const report = await rig.build("top");
  assert.equal(report.complete, true);
  assert.deepEqual(builder.began.map(nameOf), ["cached.drv", "middle.drv", "top.drv"]);
  assert.deepEqual(cache.asked, [pathNamed("cached")], "it is asked once");
  assert.ok(
    !rig.events.some((event) => event.kind === "build-finished" && event.outcome.kind !== "realised"),
  );
});

test("an input that was not given fails what needs it, and is not built", IN_TIME, async () => {
  const { rig, cache } = world();
  rig.keepGoing = true;
  rig.derive("cached");
  for (const name of ["one", "two"]) rig.derive(name, ["cached"]);
  rig.derive("other");
  cache.offer(pathNamed("cached"), broken);
  const builder = rig.builder("one");
  const report = await rig.build("one", "two", "other");
  assert.equal(report.complete, false);
  assert.deepEqual(builder.began.map(nameOf), ["other.drv"]);
  const failed = [...report.outcomes.values()].filter(({ kind }) => kind === "failed");
  assert.equal(failed.length, 2);
  for (const outcome of failed) assert.match("message" in outcome ? outcome.message : "", /did not give it/);
  assert.deepEqual(cache.asked, [pathNamed("cached")], "it is asked once");
});

function world({ fallback = false } = {}): { rig: EngineRig; cache: FakeCachingStore } {
  const cache = new FakeCachingStore("home");
  const rig = new EngineRig(cache);
  rig.fallback = fallback;
  return { rig, cache };
}

function broken(): never {
  throw new Error("the connection was cut");
}

function nameOf(path: string): string {
  return path.slice(33);
}
