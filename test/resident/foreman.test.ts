import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";
import { type AttemptEnd, Foreman } from "#resident/foreman.ts";
import { DEFAULT_ESTIMATE } from "#schedule/estimate.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Scheduler } from "#schedule/schedule.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";

function builder(name: string, maxJobs: number): BuilderTraits {
  const features = { supportedFeatures: [], mandatoryFeatures: [] };
  return { name, systems: ["s"], ...features, maxJobs, speedFactor: 1, local: false, takesGraphs: false };
}

/** Builds that the test ends, and the order in which they began. */
class Site {
  readonly foreman: Foreman;
  readonly begun: { readonly drv: string; readonly builder: string; readonly end: Deferred<AttemptEnd> }[] =
    [];

  probe: (builder: string) => Promise<boolean> = async () => true;

  constructor(...builders: readonly BuilderTraits[]) {
    const scheduler = scoringScheduler as Scheduler<unknown>;
    this.foreman = new Foreman({
      builders,
      scheduler,
      policy: { attemptsMax: 3, othersMax: 0, waitsForBuilders: false },
      clock: systemClock,
      probe: (builder) => this.probe(builder),
      factsOf: () => undefined,
    });
  }

  ask(drv: string) {
    const stop = new AbortController();
    const done = this.foreman.do({
      drvPath: drv,
      requirement: { system: "s", features: [], preferLocal: false },
      estimate: DEFAULT_ESTIMATE,
      principal: "hook",
      signal: stop.signal,
      attempt: async (builder) => {
        const end = new Deferred<AttemptEnd>();
        stop.signal.addEventListener("abort", () => end.resolve("cancelled"));
        this.begun.push({ drv, builder, end });
        return await end.promise;
      },
    });
    return { done, stop };
  }

  end(drv: string, how: AttemptEnd = "succeeded"): void {
    this.begun.findLast((one) => one.drv === drv)!.end.resolve(how);
  }

  get running(): string[] {
    return this.begun.map(({ drv, builder }) => `${drv} on ${builder}`);
  }
}

test("what comes while all slots are taken begins the moment that one is free", async () => {
  const site = new Site(builder("one", 1));
  const [a, b] = [site.ask("a"), site.ask("b")];
  assert.deepEqual(site.running, ["a on one"]);
  assert.equal(site.foreman.load("one"), 1);
  site.end("a");
  await a.done;
  await new Promise(setImmediate);
  assert.deepEqual(site.running, ["a on one", "b on one"]);
  site.end("b");
  await b.done;
  assert.equal(site.foreman.load("one"), 0);
});

test("builds that come one by one are spread over builders", () => {
  const site = new Site(builder("one", 2), builder("two", 2));
  for (const drv of ["a", "b", "c", "d", "e"]) site.ask(drv);
  assert.deepEqual(site.begun.map(({ builder }) => builder).sort(), ["one", "one", "two", "two"]);
});

test("a lost attempt is followed by one on another builder", async () => {
  const site = new Site(builder("one", 1), builder("two", 1));
  const { done } = site.ask("a");
  const [first] = site.begun;
  site.end("a", "transport");
  while (site.begun.length < 2) await new Promise(setImmediate);
  assert.notEqual(site.begun[1]!.builder, first!.builder);
  site.end("a");
  await done;
});

test("what nobody wants any longer never begins, and gives its slot back", async () => {
  const site = new Site(builder("one", 1));
  const [a, b, c] = [site.ask("a"), site.ask("b"), site.ask("c")];
  b.stop.abort();
  await b.done;
  a.stop.abort();
  await a.done;
  while (site.begun.length < 2) await new Promise(setImmediate);
  assert.deepEqual(site.running, ["a on one", "c on one"]);
  site.end("c");
  await c.done;
});

test("a builder that lost too much gets work again when a probe has found that it builds, and not before", async () => {
  const site = new Site(builder("one", 1));
  const probes: Deferred<boolean>[] = [];
  const asked = new Deferred<void>();
  site.probe = async () => {
    const probe = new Deferred<boolean>();
    probes.push(probe);
    asked.resolve();
    return await probe.promise;
  };
  const { done } = site.ask("a");
  site.end("a", "no-space");
  await asked.promise;
  assert.deepEqual(site.running, ["a on one"], "nothing is begun while it is looked at");
  probes[0]!.resolve(true);
  while (site.running.length < 2) await new Promise(setImmediate);
  site.end("a");
  await done;
  assert.equal(probes.length, 1);
});
