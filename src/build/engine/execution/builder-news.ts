import type { Run } from "../run.ts";
import { builderFacts } from "../site/builder-facts.ts";
import { type BuildSite, keyOf } from "../site/site.ts";
import type { Happening } from "./schedule-driver.ts";

/** What a schedule is told of the builders before it begins. What is down comes first, so that no builder seems to be the only one by being named early. */
export function* newsOfBuilders(run: Run): Generator<Happening> {
  const { request, sites } = run;
  for (const wanted of ["down", "drained", "connecting", "up"] as const)
    for (const { traits } of request.sites)
      if (sites.state(traits.name) === wanted)
        yield { kind: "builder-changed", builder: traits.name, state: wanted };
  for (const site of request.sites) yield* factsOfBuilder(run, site);
}

/** What the book knows of a builder now, if anything. */
export function* factsOfBuilder({ request, context }: Run, site: BuildSite): Generator<Happening> {
  const facts = builderFacts(request.health.pageOf(keyOf(site)), context.clock.now());
  if (facts) yield { kind: "builder-found", builder: site.traits.name, facts };
}
