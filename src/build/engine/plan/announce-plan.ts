import { estimateFor, noEstimates } from "#schedule/estimate.ts";
import type { RealiseRequest } from "../realise-request.ts";
import type { PlannedBuild } from "./plan.ts";

/** Tells what will be built, what of it needs what, and what it will probably take. */
export function announcePlan(
  { events, clock, estimates = noEstimates }: RealiseRequest,
  builds: readonly PlannedBuild[],
  { alreadyThere }: { alreadyThere: number },
): void {
  const places = new Map(builds.map(({ drvPath }, place) => [drvPath, place]));
  events({
    kind: "planned",
    atMs: clock.now(),
    builds: builds.map(({ drvPath }) => drvPath),
    needs: builds.map(({ needs }) => needs.flatMap((need) => places.get(need) ?? [])),
    estimatesMs: builds.map(({ derivation: { name, system } }) => {
      const { durationMs, basis } = estimateFor(estimates, name, system);
      return basis === "history" ? durationMs : 0;
    }),
    alreadyThere,
  });
}
