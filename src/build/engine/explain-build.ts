import type { StorePath } from "#nix/store-path.ts";
import type { Estimate } from "#schedule/estimate.ts";
import type { BuilderVerdict } from "#schedule/reason.ts";
import type { Requirement } from "#schedule/requirement.ts";
import { buildTasksOf } from "./execution/build-tasks.ts";
import { newsOfBuilders } from "./execution/builder-news.ts";
import { ScheduleDriver } from "./execution/schedule-driver.ts";
import { requirementOf } from "./plan/requirement-of.ts";
import type { RealiseRequest } from "./realise-request.ts";
import { Run } from "./run.ts";
import { keyOf } from "./site/site.ts";
import { unsharedSlots } from "./site/slot-share.ts";

/** What every builder is worth for one derivation at this moment. */
export interface Explanation {
  readonly requirement: Requirement;
  readonly estimate: Estimate;
  /** In the order of the builders. */
  readonly verdicts: readonly BuilderVerdict[];
  /** Why builders are not in use, by name. */
  readonly faults: ReadonlyMap<string, string>;
}

/**
 * Connects every builder that could do a build, also those that are left alone for having been down, and asks the scheduler
 * what stands for and against each, while other runs hold the slots that they hold.
 */
export async function explainBuild(request: RealiseRequest, drvPath: StorePath): Promise<Explanation> {
  await using run = new Run({ ...request, health: undaunted(request.health) });
  await run.knowledge.survey();
  const derivation = request.graph.get(drvPath)!;
  const build = { drvPath, derivation, outputs: [...derivation.outputs.keys()].sort(), needs: [] };
  await run.connect([build]);
  await allSettled(run);
  const { tasks, held } = await buildTasksOf([build], run);
  using driver = idleDriver(run);
  tellOfBuilders(driver, run);
  for (const [builder, paths] of held) driver.tell({ kind: "paths-found", builder, paths });
  driver.tell({ kind: "requested", ...EXPLAINED_REQUEST, tasks });
  return {
    requirement: requirementOf(derivation),
    estimate: tasks[0]!.estimate,
    verdicts: driver.explain(drvPath),
    faults: run.sites.faults,
  };
}

/** Who asks wants to know of each builder, and not what it was like a while ago. */
function undaunted(health: RealiseRequest["health"]): RealiseRequest["health"] {
  return {
    backOff: () => undefined,
    failed: (builder, nowMs, message) => health.failed(builder, nowMs, message),
    recovered: (builder) => health.recovered(builder),
    noteFailure: (builder, failure) => health.noteFailure(builder, failure),
    pageOf: (builder) => health.pageOf(builder),
    onChange: (listener) => health.onChange(listener),
  };
}

async function allSettled({ sites }: Run): Promise<void> {
  while (sites.busy)
    await new Promise<void>((resolve) => {
      sites.onChange = () => resolve();
    });
  sites.onChange = () => undefined;
}

/** A schedule that begins nothing. */
function idleDriver({ request }: Run): ScheduleDriver {
  const { scheduler, policy, clock, sites } = request;
  const builders = sites.map(({ traits }) => traits);
  const driver = new ScheduleDriver({ scheduler, policy, clock, builders, carryOut: () => undefined });
  driver.tell({ kind: "stopped" });
  return driver;
}

function tellOfBuilders(driver: ScheduleDriver, run: Run): void {
  for (const news of newsOfBuilders(run)) driver.tell(news);
  const { slots = unsharedSlots, sites } = run.request;
  for (const site of sites) {
    const facts = { slotsOfOthers: slots.held(keyOf(site)) };
    driver.tell({ kind: "builder-found", builder: site.traits.name, facts });
  }
}

const EXPLAINED_REQUEST = {
  request: "explain",
  principal: "explain",
  priority: 0,
  keepGoing: false,
} as const;
