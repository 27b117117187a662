import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_ESTIMATE } from "#schedule/estimate.ts";
import { choose } from "#schedule/placement.ts";
import { type BuilderTraits, type Requirement, refusalOf } from "#schedule/requirement.ts";
import type { BuildTask, Decision, ScheduleEvent } from "#schedule/schedule.ts";
import type { SimpleSchedule } from "#schedule/simple-schedule.ts";
import { simpleScheduler } from "#schedule/simple-scheduler.ts";

const ANY: Requirement = { system: "x86_64-linux", features: [], preferLocal: false };

function traits(name: string, more: Partial<BuilderTraits> = {}): BuilderTraits {
  return {
    name,
    systems: ["x86_64-linux"],
    supportedFeatures: [],
    mandatoryFeatures: [],
    maxJobs: 1,
    speedFactor: 1,
    local: false,
    takesGraphs: false,
    ...more,
  };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A decision without its reasons. */
type Told =
  | Exclude<Decision, { kind: "assign" }>
  | { kind: "assign"; builder: string; tasks: readonly string[] };

/** Drives a schedule and keeps what it decided. */
class Desk {
  schedule: SimpleSchedule;

  constructor(tasks: readonly BuildTask[], builders: readonly BuilderTraits[], attemptsMax = 3) {
    this.schedule = simpleScheduler.begin(builders, { attemptsMax, othersMax: 0 });
    const whose = { request: "r", principal: "me", priority: 0, keepGoing: true };
    this.tell({ kind: "requested", ...whose, tasks });
  }

  tell(event: DistributiveOmit<ScheduleEvent, "atMs">): readonly Told[] {
    const { schedule, decisions } = simpleScheduler.advance(this.schedule, { ...event, atMs: 0 });
    this.schedule = schedule;
    return decisions.map((decision) => {
      if (decision.kind !== "assign") return decision;
      const { kind, builder, tasks } = decision;
      return { kind, builder, tasks };
    });
  }

  up(builder: string): readonly Told[] {
    return this.tell({ kind: "builder-changed", builder, state: "up" });
  }
}

function task(id: string, needs: readonly string[] = [], requirement: Requirement = ANY): BuildTask {
  return { id, needs, requirement, estimate: DEFAULT_ESTIMATE, inputs: [] };
}

test("the fastest of idle builders comes first, then the one with the least load for its speed", () => {
  const [slow, fast] = [traits("slow", { maxJobs: 8 }), traits("fast", { maxJobs: 8, speedFactor: 2 })];
  const pick = (slowRuns: number, fastRuns: number) =>
    choose(
      [
        { traits: slow, running: slowRuns },
        { traits: fast, running: fastRuns },
      ],
      false,
    )?.traits.name;
  assert.equal(pick(0, 0), "fast");
  assert.equal(pick(0, 1), "slow");
  assert.equal(pick(1, 1), "fast");
  assert.equal(pick(1, 2), "fast");
  assert.equal(pick(1, 3), "slow");
});

test("a builder without a free slot is not chosen", () => {
  assert.equal(choose([{ traits: traits("a"), running: 1 }], false), undefined);
});

test("this machine comes first for what prefers it and last for all else", () => {
  const here = traits("here", { local: true });
  const there = traits("there", { speedFactor: 9 });
  const both = [
    { traits: there, running: 0 },
    { traits: here, running: 0 },
  ];
  assert.equal(choose(both, true)?.traits.name, "here");
  assert.equal(choose(both, false)?.traits.name, "there");
});

test("a builder is refused by system, by features it lacks, and by those it insists on", () => {
  const kvm = { ...ANY, features: ["kvm"] };
  assert.equal(refusalOf(traits("a"), { ...ANY, system: "aarch64-linux" })?.kind, "system");
  assert.equal(refusalOf(traits("a"), { ...ANY, system: "builtin" }), undefined);
  assert.deepEqual(refusalOf(traits("a"), kvm), { kind: "missing-features", features: ["kvm"] });
  assert.equal(refusalOf(traits("a", { mandatoryFeatures: ["kvm"] }), kvm), undefined);
  assert.equal(refusalOf(traits("a", { mandatoryFeatures: ["kvm"] }), ANY)?.kind, "mandatory-features");
});

test("of what is ready the longest chain goes first", () => {
  const desk = new Desk([task("short"), task("a"), task("b", ["a"])], [traits("box")]);
  assert.deepEqual(desk.up("box"), [{ kind: "assign", builder: "box", tasks: ["a"] }]);
});

test("nothing is handed over as a whole while another builder may still come up", () => {
  const tasks = [task("a"), task("b", ["a"])];
  const desk = new Desk(tasks, [traits("one", { takesGraphs: true }), traits("two", { takesGraphs: true })]);
  assert.deepEqual(desk.up("one"), [{ kind: "assign", builder: "one", tasks: ["a"] }]);
  desk.tell({ kind: "builder-changed", builder: "two", state: "down" });
  const decided = desk.tell({ kind: "succeeded", task: "a", builder: "one" });
  assert.deepEqual(decided, [{ kind: "assign", builder: "one", tasks: ["b"] }]);
});

test("a graph handed over leaves out what another builder must do, and what needs it", () => {
  const arm = { ...ANY, system: "aarch64-linux" };
  const tasks = [task("a"), task("arm", ["a"], arm), task("b", ["a"]), task("end", ["arm", "b"])];
  const desk = new Desk(tasks, [
    traits("x86", { takesGraphs: true }),
    traits("arm", { systems: ["aarch64-linux"] }),
  ]);
  desk.up("arm");
  assert.deepEqual(desk.up("x86"), [{ kind: "assign", builder: "x86", tasks: ["a", "b"] }]);
});

test("a task that nobody is left for is given up, with all that needs it", () => {
  const desk = new Desk([task("a"), task("b", ["a"])], [traits("box")]);
  const decided = desk.tell({ kind: "builder-changed", builder: "box", state: "down" });
  assert.deepEqual(decided, [
    { kind: "give-up", task: "a", attempts: 0 },
    { kind: "skip", task: "b", because: "a" },
  ]);
});

test("a task is lost at most as often as the policy allows", () => {
  const desk = new Desk([task("a")], [traits("box")], 2);
  desk.up("box");
  const again = desk.tell({ kind: "lost", task: "a", builder: "box", loss: "transport" });
  assert.deepEqual(again, [{ kind: "assign", builder: "box", tasks: ["a"] }]);
  assert.deepEqual(desk.tell({ kind: "lost", task: "a", builder: "box", loss: "transport" }), [
    { kind: "give-up", task: "a", attempts: 2 },
  ]);
});

test("whatever happens, every task ends, none begins before what it needs, and no builder has too many", () => {
  const graphs = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 });
  const jobs = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 });
  const fates = fc.array(fc.constantFrom("succeeded", "failed", "lost"), { minLength: 200, maxLength: 200 });
  fc.assert(
    fc.property(graphs, jobs, fates, fc.boolean(), (needs, slots, endings, takesGraphs) => {
      const tasks = needs.map((picks, index) =>
        task(`t${index}`, [...new Set(picks.filter(() => index > 0).map((pick) => `t${pick % index}`))]),
      );
      const builders = slots.map((maxJobs, index) => traits(`b${index}`, { maxJobs, takesGraphs }));
      const ended = new Map<string, string>();
      const running: { task: string; builder: string }[] = [];
      const desk = new Desk(tasks, builders);
      const obey = (decisions: readonly Told[]) => {
        for (const decision of decisions)
          if (decision.kind === "assign") {
            const load = running.filter(({ builder }) => builder === decision.builder).length;
            const slotsOf = builders.find(({ name }) => name === decision.builder)!.maxJobs;
            assert.ok(decision.tasks.length > 1 ? load === 0 : load < slotsOf);
            for (const [index, id] of decision.tasks.entries()) {
              const before = decision.tasks.slice(0, index);
              for (const need of tasks.find((one) => one.id === id)!.needs)
                assert.ok(ended.get(need) === "succeeded" || before.includes(need), `${id} before ${need}`);
              running.push({ task: id, builder: decision.builder });
            }
          } else if ("task" in decision && !running.some(({ task: id }) => id === decision.task))
            ended.set(decision.task, decision.kind);
      };
      for (const { name } of builders) obey(desk.up(name));
      for (let step = 0; running.length > 0 && step < 1000; step++) {
        const next = running.shift()!;
        const broken = tasks
          .find(({ id }) => id === next.task)!
          .needs.some((need) => ended.get(need) !== "succeeded");
        const kind = broken ? "failed" : (endings[step % endings.length] as "succeeded" | "failed" | "lost");
        if (kind !== "lost") ended.set(next.task, kind);
        obey(desk.tell({ kind, ...next, loss: "transport" }));
      }
      assert.equal(running.length, 0);
      assert.deepEqual(
        tasks.filter(({ id }) => !ended.has(id)).map(({ id }) => id),
        [],
      );
    }),
    { numRuns: 300 },
  );
});
