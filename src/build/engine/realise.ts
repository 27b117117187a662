import { Execution } from "./execution/execution.ts";
import type { PlannedBuild } from "./plan/plan.ts";
import type { RealiseReport, RealiseRequest } from "./realise-request.ts";
import { Run } from "./run.ts";
import type { Substitutable } from "./supply/substitution.ts";

/** Makes every wish true: finds what exists, builds the rest wherever it can be built, brings the outputs home. */
export async function realise(request: RealiseRequest): Promise<RealiseReport> {
  await using run = new Run(request);
  let builds = await firstPlan(run);
  // What is built and then cannot come home was built for nothing.
  if (builds.length > 0 && request.fetch !== "none") request.destination.store.checkWritable?.();
  let planned = { setbacks: run.setbacks, offers: run.caches.lost };
  run.announce(builds);
  const fetched = run.beside(run.delivery.begin(builds));
  for (let round = 0; round < request.policy.attemptsMax; round++) {
    await Promise.all([fetched, builds.length > 0 && new Execution(run, builds).finish()]);
    if (builds.length > 0) await run.delivery.bringFromEverywhere();
    // A builder that goes away takes its outputs along: what is then missing again is planned anew.
    if (run.setbacks === planned.setbacks || run.isComplete) break;
    if (run.caches.lost > planned.offers) await run.connect(run.plan());
    planned = { setbacks: run.setbacks, offers: run.caches.lost };
    builds = run.plan().filter(({ drvPath }) => !run.outcomes.hasFinalFailure(drvPath));
    if (builds.length === 0) break;
  }
  request.signal.throwIfAborted();
  run.conclude(builds);
  await run.passGate();
  return run.report();
}

/** What would be built, and what is there, without building: for `--dry-run`. */
export async function surveyOnly(request: RealiseRequest): Promise<Survey> {
  await using run = new Run(request);
  const builds = await firstPlan(run);
  return { builds, fetches: run.caches.neededFor(builds), complete: run.isComplete };
}

/** What would happen. */
export interface Survey {
  readonly builds: readonly PlannedBuild[];
  /** Paths that the destination would take from its caches, without what they refer to. */
  readonly fetches: Substitutable;
  readonly complete: boolean;
}

/** Asks near stores first, then caches, then builders: whoever can make further questions needless. */
async function firstPlan(run: Run): Promise<readonly PlannedBuild[]> {
  await run.knowledge.survey();
  if (run.plan().length === 0) return [];
  await run.caches.survey();
  const builds = run.plan();
  if (builds.length === 0) return builds;
  await run.connect(builds);
  return run.plan();
}
